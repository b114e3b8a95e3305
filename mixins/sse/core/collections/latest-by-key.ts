import { Queue } from "./queue.ts";

/** Superseded entries that may stand in the queue beside as many as there are keys. */
const SLACK = 64;

/** The last entry of each key, the oldest first; constant time at both ends, whatever is superseded. */
export class LatestByKey<Entry extends { readonly key: string }> {
	readonly #byKey = new Map<string, Entry>();
	/** Those that were superseded too, until they come to the front or are too many. */
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

	/** Takes out the oldest. */
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
