import { type Position, parseId } from "../../core/event/event-id.ts";
import { type IdOrder, mayBeAhead } from "../../core/history/id-order.ts";

/**
 * Milliseconds before the last event seen that a replay reaches back for events of other origins: longer
 * than two gateways differ in the order in which origins interleave. Half of what is kept at most, or
 * nothing could ever be resumed.
 */
export const LOOKBACK = 5000;

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
export function orderBySender(
	positions: Positions,
	lookback: number,
	isElsewhere: (origin: string) => boolean = () => true
): IdOrder {
	let last = "";
	return {
		lookback,
		mayCome(text, reason) {
			const id = parseId(text);
			if (id === undefined || !mayBeAhead(reason)) return false;
			// A life that is known here goes on; what this node sent in an earlier one never comes.
			const isKnown = positions.position(id.origin, id.epoch)?.epoch === id.epoch;
			return isKnown || isElsewhere(id.origin);
		},
		sortKeyOf(text) {
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
