/** Counts by key, and forgets a key whose count falls to 0. */
export class KeyedCounter {
	readonly #counts = new Map<string, number>();

	/** Number of keys with a count above 0. */
	get size(): number {
		return this.#counts.size;
	}

	of(key: string): number {
		return this.#counts.get(key) ?? 0;
	}

	up(key: string): void {
		this.#counts.set(key, this.of(key) + 1);
	}

	down(key: string): void {
		const count = this.of(key) - 1;
		if (count > 0) this.#counts.set(key, count);
		else this.#counts.delete(key);
	}
}
