import { type Position, parseId } from "../../core/event/event-id.ts";
import { type IdOrder, mayBeAhead } from "../../core/history/id-order.ts";
import { OVERDUE } from "./discovery/expected-reports.ts";

/** Milliseconds by which two gateways may differ in how they interleave origins. */
const APART = 5000;

/**
 * Milliseconds that a replay reaches back before the client's last event, for events of other origins: longer than the time by
 * which gateways differ in their order, and that for which one gives ids without knowing that an earlier event has not arrived. The
 * caller limits it to half of the history's age; otherwise nothing could ever be resumed.
 */
export const LOOKBACK: number = APART + OVERDUE;

/** How far the events of each origin have come. */
export interface Positions {
	/** In this epoch; if it is unknown, in another epoch of the same origin; undefined if none is known. */
	position(origin: string, epoch: string): Position | undefined;
}

/**
 * Ids of the form `<origin>.<epoch>.<seq>`: the events of one origin are in order, origins interleave arbitrarily.
 *
 * @param isElsewhere Whether an origin may be another node, whose events other gateways may receive before this one does. This
 * node's own events are here at once.
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
			// A known life goes on; what this node sent in an earlier life never arrives.
			const isKnown = positions.position(id.origin, id.epoch)?.epoch === id.epoch;
			return isKnown || isElsewhere(id.origin);
		},
		sortKeyOf(text) {
			const id = parseId(text);
			if (id === undefined) return undefined;
			// Consecutive events of an origin share one string.
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
