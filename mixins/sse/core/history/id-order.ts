/**
 * Why a client must be reset:
 * - `unknown`: the id is invalid, or of an event that this gateway has never seen;
 * - `expired`: the event, or what came just before it, is no longer kept;
 * - `epoch`: the id is of an earlier life of its origin, or of an earlier RabbitMQ stream;
 * - `gap`: the bus has lost events since;
 * - `revoked`: the session was revoked since, and what was sent then is not for it.
 */
export type ResetReason = "unknown" | "expired" | "epoch" | "gap" | "revoked";

/** What the ids of a bus say about the order of its events. */
export interface IdOrder {
	/**
	 * Milliseconds that a replay reaches back before the last event seen, for events of other origins, which may have reached
	 * another gateway in another order. 0 if all gateways have the same order.
	 */
	readonly lookback: number;
	/** Whether the event of an id that is not kept may still arrive, so that it helps to wait for it. */
	mayCome(id: string, reason: ResetReason): boolean;
	/** The sort key of an id; undefined if it is not an id. */
	sortKeyOf(id: string): SortKey | undefined;
	/** The id with this sort key. */
	idOf(sortKey: SortKey): string;
	/** Why an id is not among those kept. */
	whyMissing(id: string, kept: Kept): ResetReason;
}

/** An id in numbers: the place of its event in its order. No two ids have the same one. */
export interface SortKey {
	/** Events of one origin are in order among themselves. */
	readonly origin: string;
	/** Rises along that order, not always by one. */
	readonly number: number;
	/** Rises among events with the same number. */
	readonly index: number;
	/** Tells an event from an earlier one with the same number that no longer exists. */
	readonly stamp: number;
}

/** Negative if `a` comes first in the order of their origin, positive if `b` does. */
export function compareSortKeys(a: SortKey, b: SortKey): number {
	return a.number - b.number || a.index - b.index;
}

/** Sort keys of the oldest and of the newest event kept; undefined if there is none, or it has no id. */
export interface Kept {
	readonly oldest: SortKey | undefined;
	readonly newest: SortKey | undefined;
}

export function mayBeAhead(reason: ResetReason): boolean {
	return reason === "unknown" || reason === "epoch";
}
