import { setNewest } from "../../core/collections/set-newest.ts";

/** Origins remembered; past them those silent longest are forgotten. */
const MAX_ORIGINS = 10_000;

/**
 * Knows what it has seen of origins that number what they send, and that send again, in order and under
 * the same numbers, what may not have arrived.
 */
export class DuplicateFilter {
	/** The highest number of each origin, in the order in which they were heard last. */
	readonly #last = new Map<string, number>();

	/** Whether an origin's message has been here before; if not, it has now. */
	seen(origin: string, seq: number): boolean {
		const last = this.#last.get(origin);
		setNewest(this.#last, origin, Math.max(seq, last ?? 0), MAX_ORIGINS);
		return last !== undefined && seq <= last;
	}
}
