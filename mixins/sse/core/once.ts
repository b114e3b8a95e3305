/** Keys that were taken, each remembered until it could not be used any more anyway. */
export class Once {
	readonly #taken = new Map<string, number>();
	readonly #sweepEvery: number;
	#nextSweep = 0;

	/** @param sweepEvery Milliseconds between two looks for keys that may be forgotten. */
	constructor(sweepEvery: number) {
		this.#sweepEvery = sweepEvery;
	}

	/** Number of keys that are remembered. */
	get size(): number {
		return this.#taken.size;
	}

	/** Whether a key was taken before. */
	has(key: string): boolean {
		return this.#taken.has(key);
	}

	/**
	 * Takes a key.
	 *
	 * @param until When it may be forgotten, on the clock of `now`.
	 * @returns False if it was taken before.
	 */
	take(key: string, until: number, now: number): boolean {
		this.#sweep(now);
		if (this.#taken.has(key)) return false;
		if (until > now) this.#taken.set(key, until);
		return true;
	}

	#sweep(now: number): void {
		if (now < this.#nextSweep) return;
		this.#nextSweep = now + this.#sweepEvery;
		for (const [key, until] of this.#taken) {
			if (until <= now) this.#taken.delete(key);
		}
	}
}
