/** Of a leader: the other tabs, which names they want, and where they are. */
export class Members {
	readonly #names = new Map<string, readonly string[]>();
	/** Those that have not answered since they were called. */
	#silent = new Set<string>();
	/** Names that a stream may have: as many were refused. */
	#most = Number.POSITIVE_INFINITY;
	/** The places that the next stream has to begin before. */
	readonly places: Set<string> = new Set();

	get size(): number {
		return this.#names.size;
	}

	/** The names of all, and the leader's own. */
	union(own: readonly string[]): string[] {
		return [...new Set([...own, ...[...this.#names.values()].flat()])].sort();
	}

	/** @returns False if the stream would have too many names with the tab's: it has to have its own stream. */
	add(from: string, names: readonly string[], own: readonly string[]): boolean {
		this.#silent.delete(from);
		this.#names.set(from, names);
		return this.union(own).length <= this.#most || !this.delete(from);
	}

	/** @returns Whether it was there. */
	delete(from: string): boolean {
		return this.#names.delete(from);
	}

	/** From now on, all have to answer. */
	call(): void {
		this.#silent = new Set(this.#names.keys());
	}

	/** Forgets those that have not. */
	forget(): void {
		for (const from of this.#silent) this.delete(from);
	}

	/**
	 * The names of all together were refused: lets go of those who have brought others than known ones.
	 *
	 * @param most Names that a stream may have from now on.
	 * @returns Whether there were any.
	 */
	retreat(known: readonly string[], most: number): boolean {
		const { size } = this;
		for (const [from, names] of this.#names) if (!areIn(names, known)) this.delete(from);
		if (this.size < size) this.#most = most;
		return this.size < size;
	}
}

export const areIn = (names: readonly string[], all: readonly string[]): boolean =>
	names.every(name => all.includes(name));
