import type { Session } from "./session.ts";

/** Who a stream is for, and the ticket that proves it, if there is one. */
export interface StreamGrant {
	readonly session: Session;
	/** Earliest `performance.now()` at which the ticket that proves it was issued; undefined if the request proves it. */
	readonly provenAt?: number;
	/** Uses up the proof, if it can be used only once; false if it has been used meanwhile. */
	take(): boolean;
}
