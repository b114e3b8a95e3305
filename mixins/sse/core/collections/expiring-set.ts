/** The most keys that are remembered. */
const MAX_KEYS = 500_000;
/** The most keys of a generation, and so how many are forgotten at once when there are too many. */
const MAX_GENERATION = 50_000;

/** Keys that were taken one after another, and are forgotten together. */
interface Generation {
	readonly keys: Set<string>;
	/** When the first was taken. */
	readonly began: number;
	/** When the last may be forgotten. */
	until: number;
}

/**
 * Keys that were taken, each remembered until it can no longer be used anyway. They are kept by generations: a
 * map from which the oldest keys are deleted one by one looks past all that it has deleted, each time.
 */
export class ExpiringSet {
	/** The oldest first. */
	readonly #generations: Generation[] = [];
	readonly #span: number;
	#forgotten = Number.NEGATIVE_INFINITY;

	/** @param span Milliseconds for which a key may be remembered longer than it must. */
	constructor(span: number) {
		this.#span = span;
	}

	/** Number of keys that are remembered. */
	get size(): number {
		return this.#generations.reduce((sum, { keys }) => sum + keys.size, 0);
	}

	/** Until when keys should have been remembered that were forgotten early; -Infinity if none were. */
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
