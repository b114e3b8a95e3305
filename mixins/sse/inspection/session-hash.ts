import { createHash } from "node:crypto";

/** Characters of a hash: enough to tell sessions apart, and to agree with a colleague which one is meant. */
const LENGTH = 10;

/**
 * What is shown in place of a session id. If the id is that of the cookie, anyone who has it can pass for the session, so it is
 * shown only to those who know it already. The hash is the same on every gateway.
 */
export function sessionHash(id: string): string {
	return `#${createHash("sha256").update(id).digest("base64url").slice(0, LENGTH)}`;
}

/** The session id if it is `known` to whoever asks, otherwise its hash. */
export function showSession(id: string, known: string | undefined): string {
	return id === known ? id : sessionHash(id);
}
