/** Removed items are cut off once there are this many and they fill half of the array. */
const COMPACT_AT = 64;

/** A first-in, first-out queue in an array: constant time at both ends, and indexed. */
export class Queue<T> {
	#items: T[] = [];
	#head = 0;

	get length(): number {
		return this.#items.length - this.#head;
	}

	/** The item at an index from the front, or undefined. */
	at(index: number): T | undefined {
		return this.#items[this.#head + index];
	}

	push(item: T): void {
		this.#items.push(item);
	}

	shift(): T | undefined {
		if (this.length === 0) return undefined;
		const item = this.#items[this.#head] as T;
		// The array must not keep a removed item alive.
		this.#items[this.#head++] = undefined as T;
		if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
			this.#items = this.#items.slice(this.#head);
			this.#head = 0;
		}
		return item;
	}

	clear(): void {
		this.#items = [];
		this.#head = 0;
	}

	/** Index of the first item for which `isBefore` is false; the items must be in that order. */
	lowerBound(isBefore: (item: T) => boolean): number {
		let low = 0;
		let high = this.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (isBefore(this.at(middle) as T)) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
