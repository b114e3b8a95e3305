/**
 * Why continuity cannot be proven:
 * - `unknown`: the id is none, or of an event that this gateway has never seen;
 * - `expired`: the event, or what came just before it, is no longer kept;
 * - `epoch`: the id is of an earlier life of its origin, or of the stream;
 * - `gap`: the bus has lost events since;
 * - `revoked`: the session was revoked since, and what was sent then is not for it.
 */
export type ResetReason = "unknown" | "expired" | "epoch" | "gap" | "revoked";

/** What the ids of a bus say about the order of its events. */
export interface IdOrder {
	/**
	 * Milliseconds before the last event seen that a replay reaches back for those of other origins, which
	 * may have come to another gateway in another order. 0 if all gateways have one order.
	 */
	readonly lookback: number;
	/** Whether the event of an id that is not among those kept may still come, so that it helps to wait for it. */
	mayCome(id: string, reason: ResetReason): boolean;
	/** Where an id stands; undefined for what is no id. */
	sortKeyOf(id: string): SortKey | undefined;
	/** The id that stands there. */
	idOf(sortKey: SortKey): string;
	/** Why an id is not among those kept. */
	whyMissing(id: string, kept: Kept): ResetReason;
}

/** An id in numbers: where its event stands among those that it is in order with. No two ids have one. */
export interface SortKey {
	/** Events of one origin are in order among themselves. */
	readonly origin: string;
	/** Rises along that order, if not always by one. */
	readonly number: number;
	/** Rises among those of one number. */
	readonly index: number;
	/** Tells an event from another that had the same number, and is gone. */
	readonly stamp: number;
}

/** Negative if `a` comes first in the order of their origin, positive if `b` does. */
export function compareSortKeys(a: SortKey, b: SortKey): number {
	return a.number - b.number || a.index - b.index;
}

/** Of the oldest event kept and of the newest; undefined without any, or without an id. */
export interface Kept {
	readonly oldest: SortKey | undefined;
	readonly newest: SortKey | undefined;
}

export function mayBeAhead(reason: ResetReason): boolean {
	return reason === "unknown" || reason === "epoch";
}
