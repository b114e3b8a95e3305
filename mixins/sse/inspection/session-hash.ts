import { createHash } from "node:crypto";

/** Characters of a hash: enough to tell sessions apart, and to ask a colleague whether it is the same one. */
const LENGTH = 10;

/**
 * What is shown in place of a session id. Whoever has an id can be taken for its session, where it is the cookie's; so it is
 * shown to nobody who does not know it. The same on every gateway.
 */
export function sessionHash(id: string): string {
	return `#${createHash("sha256").update(id).digest("base64url").slice(0, LENGTH)}`;
}

/** A session id for those who have asked with `known`. */
export function showSession(id: string, known: string | undefined): string {
	return id === known ? id : sessionHash(id);
}
