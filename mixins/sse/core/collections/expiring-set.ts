/** Most keys that are remembered. */
const MAX_KEYS = 500_000;
/** Most keys of a generation, and so how many are forgotten at once when there are too many. */
const MAX_GENERATION = 50_000;

/** Keys that were taken one after another, and are forgotten together. */
interface Generation {
	readonly keys: Set<string>;
	/** When the first one was taken. */
	readonly began: number;
	/** When the last one may be forgotten. */
	until: number;
}

/**
 * Keys that were taken, each remembered until it can no longer be used anyway. They are kept in generations: to find the oldest
 * key of a map, V8 steps over all keys that were deleted before it, each time.
 */
export class ExpiringSet {
	/** Oldest first. */
	readonly #generations: Generation[] = [];
	readonly #span: number;
	#forgotten = Number.NEGATIVE_INFINITY;

	/** @param span Milliseconds by which a key may be remembered longer than necessary. */
	constructor(span: number) {
		this.#span = span;
	}

	/** Number of remembered keys. */
	get size(): number {
		return this.#generations.reduce((sum, { keys }) => sum + keys.size, 0);
	}

	/** Latest time until which a key that was forgotten early should have been remembered; -Infinity if none was. */
	get forgotten(): number {
		return this.#forgotten;
	}

	/** Whether a key was taken before. */
	has(key: string): boolean {
		return this.#generations.some(({ keys }) => keys.has(key));
	}

	/**
	 * Takes a key.
	 *
	 * @param until When it may be forgotten, on the clock of `now`.
	 * @returns False if it was taken before.
	 */
	take(key: string, until: number, now: number): boolean {
		this.#forget(now);
		if (this.has(key)) return false;
		if (until <= now) return true;
		const generation = this.#current(now);
		generation.keys.add(key);
		generation.until = Math.max(generation.until, until);
		if (this.size > MAX_KEYS) this.#forgotten = this.#generations.shift()?.until ?? until;
		return true;
	}

	#forget(now: number): void {
		while ((this.#generations[0]?.until ?? Number.POSITIVE_INFINITY) <= now) {
			this.#generations.shift();
		}
	}

	#current(now: number): Generation {
		const last = this.#generations.at(-1);
		if (last !== undefined && now - last.began < this.#span && last.keys.size < MAX_GENERATION) {
			return last;
		}
		const next = { keys: new Set<string>(), began: now, until: now };
		this.#generations.push(next);
		return next;
	}
}
