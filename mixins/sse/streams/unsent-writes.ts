import { Queue } from "../core/collections/queue.ts";

/**
 * Tracks which events were written but have not left the process, by the position of the first event of each write. Writes leave
 * in order, and only some of them report that they have left.
 */
export class UnsentWrites {
	/** Positions of the writes that will report. */
	readonly #telling = new Queue<number>();
	/** How many of these, from the first on, have left but not reported yet. */
	#gone = 0;
	/** Position of a write that does not report and was made before those that do; 0 = none. */
	#untold: number;

	/** @param first Position of the first event of the last write, if that may be unsent; 0 = none. */
	constructor(first: number) {
		this.#untold = first;
	}

	/** Position of the first event that may be unsent, provided that anything is; 0 = none. */
	get first(): number {
		if (this.#untold > 0) return this.#untold;
		for (let index = this.#gone; index < this.#telling.length; index++) {
			const first = this.#telling.at(index) ?? 0;
			if (first > 0) return first;
		}
		return 0;
	}

	/** A write that does not report, made while nothing was unsent. */
	wroteFirst(first: number): void {
		this.#gone = this.#telling.length;
		this.#untold = first;
	}

	/** A write that reports, made while earlier ones were unsent. */
	wroteTelling(first: number): void {
		this.#telling.push(first);
	}

	/** A write that does not report, made while earlier ones were unsent. */
	wroteUntold(first: number): void {
		this.#untold ||= first;
	}

	/** The oldest write that reports has left, and with it everything that was written before it. */
	told(): void {
		this.#telling.shift();
		if (this.#gone > 0) this.#gone--;
		else this.#untold = 0;
	}
}
