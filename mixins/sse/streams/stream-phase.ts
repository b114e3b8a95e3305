/**
 * Where a stream is in its life. It never goes back to an earlier phase, but for `held` and `live`, which may take turns.
 *
 * - `opening`: nothing is written but the head; it may not be decided yet how it begins;
 * - `held`: what its client missed is read for it from the history, and live events pass it by: they follow from there, in
 *   their order;
 * - `live`: it gets events as they are sent;
 * - `ending`: it takes nothing more, and its client what was written;
 * - `revoked`: it takes nothing more, and what its client has not taken is not for it;
 * - `closed`: its connection is, and nothing of it is left.
 */
export type StreamPhase = "opening" | "held" | "live" | "ending" | "revoked" | "closed";

/** Whether streams in this phase have not begun to end. */
export function isOpen(phase: StreamPhase): boolean {
	// The most frequent first.
	return phase === "live" || phase === "held" || phase === "opening";
}
