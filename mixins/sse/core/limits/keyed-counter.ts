/** Counts by key; what is counted down to nothing is forgotten. */
export class KeyedCounter {
	readonly #counts = new Map<string, number>();

	/** Number of keys that count more than nothing. */
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
