/** Origins remembered; past them the one silent longest is forgotten. */
const MAX_ORIGINS = 10_000;

/**
 * Knows what it has seen of origins that number what they send, and that send again, in order and under
 * the same numbers, what may not have arrived.
 */
export class Repeats {
	/** The highest number of each origin, in the order in which they were heard last. */
	readonly #last = new Map<string, number>();

	/** Whether an origin's message has been here before; if not, it has now. */
	seen(origin: string, seq: number): boolean {
		const last = this.#last.get(origin);
		this.#last.delete(origin);
		this.#last.set(origin, Math.max(seq, last ?? 0));
		if (this.#last.size > MAX_ORIGINS) {
			for (const silent of this.#last.keys()) {
				this.#last.delete(silent);
				break;
			}
		}
		return last !== undefined && seq <= last;
	}
}
