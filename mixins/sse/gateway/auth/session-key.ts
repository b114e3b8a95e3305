import { createHash } from "node:crypto";

/** Nothing else that is hashed begins like this. */
const DOMAIN = "moleculer-sse session\n";
/** Characters of base64url: 132 bits. */
const LENGTH = 22;

/**
 * What tells a client whether two of its streams are of one session: the same on every gateway, and for every stream of these
 * ids in this order. It is a hash, because the id may be a secret: that of the default cookie is one, and no script can read it
 * there.
 *
 * @returns 22 characters of base64url.
 */
export function sessionKey(sessionIds: readonly string[]): string {
	const text = DOMAIN + JSON.stringify(sessionIds);
	return createHash("sha256").update(text).digest("base64url").slice(0, LENGTH);
}
