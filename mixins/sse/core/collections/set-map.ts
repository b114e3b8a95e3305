/**
 * Sets of objects by key, most of which have one member: that stands for its set, because a set takes two hundred bytes. An empty
 * set is deleted.
 */
export class SetMap<Value extends object> {
	readonly #entries = new Map<string, Value | Set<Value>>();

	/** Number of keys. */
	get size(): number {
		return this.#entries.size;
	}

	countOf(key: string): number {
		const entry = this.#entries.get(key);
		if (entry === undefined) return 0;
		return entry instanceof Set ? entry.size : 1;
	}

	has(key: string, value: Value): boolean {
		const entry = this.#entries.get(key);
		return entry instanceof Set ? entry.has(value) : entry === value;
	}

	/**
	 * In the order in which they were added. It may be the map's own set: iterate over it at once, and do not keep it. Values may be
	 * deleted meanwhile; one that is deleted before its turn may still come.
	 */
	of(key: string): ReadonlySet<Value> {
		const entry = this.#entries.get(key);
		if (entry === undefined) return NONE as ReadonlySet<never>;
		if (entry instanceof Set) return entry;
		return new Set<Value>().add(entry);
	}

	/** @param value Must not be there. */
	add(key: string, value: Value): void {
		const entry = this.#entries.get(key);
		if (entry === undefined) this.#entries.set(key, value);
		else if (entry instanceof Set) entry.add(value);
		else this.#entries.set(key, new Set<Value>().add(entry).add(value));
	}

	/** @param value Must be there. */
	delete(key: string, value: Value): void {
		const entry = this.#entries.get(key);
		if (!(entry instanceof Set)) {
			this.#entries.delete(key);
			return;
		}
		entry.delete(value);
		if (entry.size > 1) return;
		for (const last of entry) this.#entries.set(key, last);
	}
}

const NONE: ReadonlySet<unknown> = new Set();
