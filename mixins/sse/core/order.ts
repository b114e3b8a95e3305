import type { Continuity } from "./continuity.ts";
import { parseId } from "./id.ts";
import { MOST_OF_A_MESSAGE } from "./message.ts";
import { compareStreamIds, parseStreamId } from "./stream-id.ts";

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
export interface Order {
	/**
	 * Milliseconds before the last event seen that a replay reaches back for those of other origins, which
	 * may have come to another gateway in another order. 0 if all gateways have one order.
	 */
	readonly overlap: number;
	/** Whether a text has the form of an id. */
	isId(text: string): boolean;
	/** Where an id stands; undefined for what is no id. */
	rankOf(id: string): Rank | undefined;
	/** Why an id is not among those kept. */
	whyMissing(id: string, kept: Kept): ResetReason;
}

/** Where an event stands among those that it is in order with. */
export interface Rank {
	/** Events of one origin are in order among themselves. */
	readonly origin: string;
	/** Rises along that order, if not always by one. */
	readonly number: number;
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
		rankOf(text) {
			const id = parseId(text);
			if (id === undefined) return undefined;
			// One string for all events of an origin that follow each other.
			const origin = `${id.origin}.${id.epoch}`;
			if (origin !== last) last = origin;
			return { origin: last, number: id.seq };
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
	rankOf(text) {
		const id = parseStreamId(text);
		return id && { origin: "stream", number: id.offset * MOST_OF_A_MESSAGE + id.index };
	},
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
