import { setNewest } from "../../../core/collections/set-newest.ts";

/** Most origins that are remembered; beyond that, those silent longest are forgotten. */
const MAX_ORIGINS = 10_000;

/**
 * Recognises messages that were seen before. Origins number what they send, and send again, in order and under the same
 * numbers, what may not have arrived.
 */
export class DuplicateFilter {
	/** The highest number of each origin, in the order in which they were last heard. */
	readonly #last = new Map<string, number>();

	/** Whether an origin's message was seen before; if not, it now counts as seen. */
	seen(origin: string, seq: number): boolean {
		const last = this.#last.get(origin);
		setNewest(this.#last, origin, Math.max(seq, last ?? 0), MAX_ORIGINS);
		return last !== undefined && seq <= last;
	}
}
