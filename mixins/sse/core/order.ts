import { type Position, parseId } from "./id.ts";
import { parseStreamId, type StreamId, writeStreamId } from "./stream-id.ts";

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
	/** Whether the event of an id that is not among those kept may still come, so that it helps to wait for it. */
	mayCome(id: string, reason: ResetReason): boolean;
	/** Where an id stands; undefined for what is no id. */
	rankOf(id: string): Rank | undefined;
	/** The id that stands there. */
	idOf(rank: Rank): string;
	/** Why an id is not among those kept. */
	whyMissing(id: string, kept: Kept): ResetReason;
}

/** An id in numbers: where its event stands among those that it is in order with. No two ids have one. */
export interface Rank {
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
export function compareRanks(a: Rank, b: Rank): number {
	return a.number - b.number || a.index - b.index;
}

/** Of the oldest event kept and of the newest; undefined without any, or without an id. */
export interface Kept {
	readonly oldest: Rank | undefined;
	readonly newest: Rank | undefined;
}

/** How far origins' events have come. */
export interface Positions {
	/** In an epoch, or in another of the same origin if that one is not known; undefined if none is. */
	position(origin: string, epoch: string): Position | undefined;
}

/**
 * Ids `<origin>.<epoch>.<seq>`: each origin's events are in order, origins interleave anyhow.
 *
 * @param isElsewhere Whether an origin may be another node, whose events others may have before they come here. What is
 * sent here is here at once.
 */
export function orderByOrigin(
	positions: Positions,
	overlap: number,
	isElsewhere: (origin: string) => boolean = () => true
): Order {
	let last = "";
	return {
		overlap,
		mayCome(text, reason) {
			const id = parseId(text);
			if (id === undefined || !mayBeAhead(reason)) return false;
			// A life that is known here goes on; what this node sent in an earlier one never comes.
			const isKnown = positions.position(id.origin, id.epoch)?.epoch === id.epoch;
			return isKnown || isElsewhere(id.origin);
		},
		rankOf(text) {
			const id = parseId(text);
			if (id === undefined) return undefined;
			// One string for all events of an origin that follow each other.
			const origin = `${id.origin}.${id.epoch}`;
			if (origin !== last) last = origin;
			return { origin: last, number: id.seq, index: 0, stamp: 0 };
		},
		idOf: ({ origin, number }) => `${origin}.${number}`,
		whyMissing(text) {
			const id = parseId(text);
			const known = id && positions.position(id.origin, id.epoch);
			if (id === undefined || known === undefined) return "unknown";
			if (known.epoch !== id.epoch) return "epoch";
			return id.seq <= known.seq ? "expired" : "unknown";
		}
	};
}

/** Ids `<offset>-<timestamp>`: the stream's order, the same on every gateway. */
export const ORDER_OF_STREAM: Order = {
	overlap: 0,
	mayCome: (text, reason) => parseStreamId(text) !== undefined && mayBeAhead(reason),
	rankOf: rankOnStream,
	idOf: ({ number, index, stamp }) => writeStreamId({ offset: number, timestamp: stamp, index }),
	whyMissing(text, { oldest, newest }) {
		const rank = rankOnStream(text);
		if (rank === undefined || newest === undefined) return "unknown";
		if (compareRanks(rank, newest) > 0) return "unknown";
		// Where it should be is another: it is of a stream that had the same name.
		return oldest === undefined || compareRanks(rank, oldest) < 0 ? "expired" : "epoch";
	}
};

function mayBeAhead(reason: ResetReason): boolean {
	return reason === "unknown" || reason === "epoch";
}

function rankOnStream(text: string): Rank | undefined {
	const id = parseStreamId(text);
	return id && streamRank(id);
}

/** Where an id of the stream stands. */
export function streamRank({ offset, timestamp, index }: StreamId): Rank {
	return { origin: "stream", number: offset, index, stamp: timestamp };
}
