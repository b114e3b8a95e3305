/**
 * A stream's phase. It never goes back to an earlier one, except that `held` and `live` may alternate.
 *
 * - `opening`: nothing but the head is written; it may not be decided yet how the stream starts;
 * - `held`: what its client missed is read from the history, and live events skip it: they follow from there, in order;
 * - `live`: it gets events as they are sent;
 * - `ending`: it takes nothing more, and its client gets what was written;
 * - `revoked`: it takes nothing more, and what its client has not taken is withheld;
 * - `closed`: its connection is closed, and nothing is left of it.
 */
export type StreamPhase = "opening" | "held" | "live" | "ending" | "revoked" | "closed";

/** Whether streams in this phase have not begun to end. */
export function isOpen(phase: StreamPhase): boolean {
	// The most frequent phase first.
	return phase === "live" || phase === "held" || phase === "opening";
}
