import type { Positions } from "../../../../mixins/sse/bus/moleculer/id-order.ts";
import type { EventId, Position } from "../../../../mixins/sse/core/event/event-id.ts";

/** The numbers that have arrived from origins, for histories that are fed by hand, in any order. */
export class Numbers implements Positions {
	readonly #origins = new Map<string, { epoch: string; last: number; seen: Set<number> }>();

	/** Notes an event; `gap` if numbers before it are missing. */
	observe({ origin, epoch, seq }: EventId): "next" | "gap" | "late" | "repeat" {
		let known = this.#origins.get(origin);
		if (known?.epoch !== epoch) known = { epoch, last: 0, seen: new Set() };
		this.#origins.set(origin, known);
		if (known.seen.has(seq)) return "repeat";
		known.seen.add(seq);
		const { last } = known;
		known.last = Math.max(last, seq);
		if (seq < last) return "late";
		return seq === last + 1 ? "next" : "gap";
	}

	position(origin: string): Position | undefined {
		const known = this.#origins.get(origin);
		return known && { epoch: known.epoch, seq: known.last };
	}
}
