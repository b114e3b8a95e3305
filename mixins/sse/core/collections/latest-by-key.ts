import { Queue } from "./queue.ts";

/** Superseded entries that the queue may hold in addition to one for each key. */
const SLACK = 64;

/** The latest entry of each key, oldest first; constant time at both ends, however many are superseded. */
export class LatestByKey<Entry extends { readonly key: string }> {
	readonly #byKey = new Map<string, Entry>();
	/** Includes superseded entries, until they reach the front or become too many. */
	#order = new Queue<Entry>();

	/** Number of keys. */
	get size(): number {
		return this.#byKey.size;
	}

	get(key: string): Entry | undefined {
		return this.#byKey.get(key);
	}

	get oldest(): Entry | undefined {
		for (let entry = this.#order.at(0); entry !== undefined; entry = this.#order.at(0)) {
			if (this.#isLatest(entry)) return entry;
			this.#order.shift();
		}
		return undefined;
	}

	/** Supersedes the entry of the same key. */
	push(entry: Entry): void {
		this.#byKey.set(entry.key, entry);
		this.#order.push(entry);
		if (this.#order.length > 2 * this.#byKey.size + SLACK) this.#compact();
	}

	/** Removes and returns the oldest entry. */
	shift(): Entry | undefined {
		const { oldest } = this;
		if (oldest === undefined) return undefined;
		this.#order.shift();
		this.#byKey.delete(oldest.key);
		return oldest;
	}

	clear(): void {
		this.#byKey.clear();
		this.#order.clear();
	}

	#compact(): void {
		const order = this.#order;
		this.#order = new Queue();
		for (let entry = order.shift(); entry !== undefined; entry = order.shift()) {
			if (this.#isLatest(entry)) this.#order.push(entry);
		}
	}

	#isLatest(entry: Entry): boolean {
		return this.#byKey.get(entry.key) === entry;
	}
}
