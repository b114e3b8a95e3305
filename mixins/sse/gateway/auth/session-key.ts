import { createHash } from "node:crypto";

/** Makes sure that nothing else that is hashed starts like this. */
const DOMAIN = "moleculer-sse session\n";
/** Characters of base64url: 132 bits. */
const LENGTH = 22;

/**
 * Tells a client whether two of its streams are of one session: the same on every gateway, and for every stream whose first id is
 * this one. The first id is who the session is; what follows are groups, which come and go.
 *
 * @returns 22 characters of base64url.
 */
export function sessionKey([first = ""]: readonly string[]): string {
	return keyOf([first]);
}

/**
 * Tells a client whether two streams of one session get the same events: the key of all ids but the first, in whatever order.
 *
 * @returns 22 characters of base64url; undefined if there are none.
 */
export function groupsKey([, ...groups]: readonly string[]): string | undefined {
	return groups.length === 0 ? undefined : keyOf(groups.sort());
}

/** A hash, because an id may be a secret: the default cookie's is one, which no script can read. */
function keyOf(ids: readonly string[]): string {
	const text = DOMAIN + JSON.stringify(ids);
	return createHash("sha256").update(text).digest("base64url").slice(0, LENGTH);
}
