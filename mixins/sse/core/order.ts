import type { Continuity } from "./continuity.ts";
import { parseId } from "./id.ts";
import { compareStreamIds, parseStreamId } from "./stream-id.ts";

/**
 * Why continuity cannot be proven:
 * - `unknown`: the id is none, or of an event that this gateway has never seen;
 * - `expired`: the event, or what came just before it, is no longer kept;
 * - `epoch`: the id is of an earlier life of its origin, or of the stream;
 * - `gap`: the bus has lost events since.
 */
export type ResetReason = "unknown" | "expired" | "epoch" | "gap";

/** What the ids of a bus say about the order of its events. */
export interface Order {
	/**
	 * Milliseconds before the last event seen that a replay reaches back for those of other origins, which
	 * may have come to another gateway in another order. 0 if all gateways have one order.
	 */
	readonly overlap: number;
	/** Whether a text has the form of an id. */
	isId(text: string): boolean;
	/** What the event is in order with, by its id; undefined for what is no id. */
	originOf(id: string): string | undefined;
	/** Why an id is not among those kept. */
	whyMissing(id: string, kept: Kept): ResetReason;
}

/** Ids of the oldest event kept and of the newest; undefined without any. */
export interface Kept {
	readonly oldest: string | undefined;
	readonly newest: string | undefined;
}

/** Ids `<origin>.<epoch>.<seq>`: each origin's events are in order, origins interleave anyhow. */
export function orderByOrigin(continuity: Continuity, overlap: number): Order {
	let last = "";
	return {
		overlap,
		isId: text => parseId(text) !== undefined,
		originOf(text) {
			const id = parseId(text);
			if (id === undefined) return undefined;
			// One string for all events of an origin that follow each other.
			const origin = `${id.origin}.${id.epoch}`;
			if (origin !== last) last = origin;
			return last;
		},
		whyMissing(text) {
			const id = parseId(text);
			const known = id && continuity.position(id.origin);
			if (id === undefined || known === undefined) return "unknown";
			if (known.epoch !== id.epoch) return "epoch";
			return id.seq <= known.seq ? "expired" : "unknown";
		}
	};
}

/** Ids `<offset>-<timestamp>`: the stream's order, the same on every gateway. */
export const ORDER_OF_STREAM: Order = {
	overlap: 0,
	isId: text => parseStreamId(text) !== undefined,
	// Given by the bus itself, and at a rate at which reading it would cost.
	originOf: () => "stream",
	whyMissing(text, kept) {
		const id = parseStreamId(text);
		const newest = parseStreamId(kept.newest ?? "");
		const oldest = parseStreamId(kept.oldest ?? "");
		if (id === undefined || newest === undefined) return "unknown";
		if (compareStreamIds(id, newest) > 0) return "unknown";
		// Where it should be is another: it is of a stream that had the same name.
		return oldest === undefined || compareStreamIds(id, oldest) < 0 ? "expired" : "epoch";
	}
};
