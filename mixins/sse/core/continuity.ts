import { evictOldest } from "./evict.ts";
import type { EventId, Position } from "./id.ts";

/**
 * What an event's id says about its origin's sequence:
 * - `next`: nothing is missing before it;
 * - `gap`: events before it are missing, or may be;
 * - `late`: it was missing, and fills a gap;
 * - `repeat`: it has been here before.
 */
export type Arrival = "next" | "gap" | "late" | "repeat";

interface Origin {
	epoch: string;
	/** The highest sequence number seen. */
	last: number;
	/** What is missing below `last`, as inclusive ranges in ascending order. */
	missing: [from: number, to: number][];
}

/** Ranges kept an origin; past them the oldest counts as never missed. */
const MAX_MISSING = 64;
/** Origins kept; past them those silent longest are forgotten, and their next event is a gap. */
const MAX_ORIGINS = 10_000;

/** Follows every origin's sequence, to notice what the bus has lost. */
export class Continuity {
	/** In the order in which they were heard last. */
	readonly #origins = new Map<string, Origin>();

	/** How far an origin has come, if it is known. */
	position(origin: string): Position | undefined {
		const known = this.#origins.get(origin);
		return known && { epoch: known.epoch, seq: known.last };
	}

	/**
	 * Where an origin says it is, before the first event from it: what follows then goes on from there.
	 *
	 * @returns Whether it has sent events that did not come here. For an origin that is known already,
	 * the announcement says nothing new.
	 */
	expect({ origin, epoch, seq }: EventId): boolean {
		if (this.#origins.get(origin)?.epoch === epoch) return false;
		this.#remember(origin, { epoch, last: seq, missing: seq > 0 ? [[1, seq]] : [] });
		return seq > 0;
	}

	/** Whether an origin, by what it announces, has sent events that have not come here. */
	lacks({ origin, epoch, seq }: EventId): boolean {
		const known = this.#origins.get(origin);
		return known?.epoch === epoch && known.last < seq;
	}

	/** What has not come up to there is not waited for any longer. */
	miss({ origin, seq }: EventId): void {
		const known = this.#origins.get(origin);
		if (known !== undefined) skip(known, seq);
	}

	/** Takes note of an event that has arrived. */
	observe({ origin, epoch, seq }: EventId): Arrival {
		const known = this.#origins.get(origin);
		if (known === undefined || known.epoch !== epoch) {
			// Another life of the node starts again at 1; whatever came before it is over.
			this.#remember(origin, { epoch, last: seq, missing: seq > 1 ? [[1, seq - 1]] : [] });
			return seq > 1 ? "gap" : "next";
		}
		this.#remember(origin, known);
		if (seq <= known.last) return fill(known.missing, seq) ? "late" : "repeat";

		const isNext = seq === known.last + 1;
		if (!isNext) skip(known, seq - 1);
		known.last = seq;
		return isNext ? "next" : "gap";
	}

	#remember(name: string, origin: Origin): void {
		this.#origins.delete(name);
		this.#origins.set(name, origin);
		evictOldest(this.#origins, MAX_ORIGINS);
	}
}

/** Goes on behind a number; what is between counts as missing. */
function skip(origin: Origin, to: number): void {
	origin.missing.push([origin.last + 1, to]);
	if (origin.missing.length > MAX_MISSING) origin.missing.shift();
	origin.last = to;
}

/** Takes a number out of the ranges; whether it was in one. */
function fill(missing: [number, number][], seq: number): boolean {
	const index = missing.findIndex(([from, to]) => from <= seq && seq <= to);
	const range = missing[index];
	if (range === undefined) return false;
	const [from, to] = range;
	const rest: [number, number][] = [];
	if (from < seq) rest.push([from, seq - 1]);
	if (seq < to) rest.push([seq + 1, to]);
	missing.splice(index, 1, ...rest);
	return true;
}
