import { createHash } from "node:crypto";

/** Makes sure that nothing else that is hashed starts like this. */
const DOMAIN = "moleculer-sse session\n";
/** Characters of base64url: 132 bits. */
const LENGTH = 22;

/**
 * Tells a client whether two of its streams are of one session: the same on every gateway, and for every stream of these ids in
 * this order. A hash, because the id may be a secret: the default cookie's is one, which no script can read.
 *
 * @returns 22 characters of base64url.
 */
export function sessionKey(sessionIds: readonly string[]): string {
	const text = DOMAIN + JSON.stringify(sessionIds);
	return createHash("sha256").update(text).digest("base64url").slice(0, LENGTH);
}
