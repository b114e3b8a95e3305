/** Shifted items are cut off when they are this many and half of the array. */
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
		// The array must not keep what has left the queue.
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

	/** Index of the first item that is not before `boundary`; the items must be in that order. */
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
