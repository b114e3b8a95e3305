/** Milliseconds that what is missing is waited for: transporters and middlewares may let one event overtake another. */
export const PATIENCE = 250;
/** The same while what is missing comes in, piece by piece. */
export const LONGEST = 1000;

/** An event that came before one that was sent earlier. */
interface Early<T> {
	readonly item: T;
	readonly at: number;
	readonly bytes: number;
}

/** One sequence of an origin, counted without holes. */
export class Lane<T> {
	readonly origin: string;
	readonly epoch: string;
	/** All up to it were handed on, or given up. */
	last = 0;
	/** Its origin has said that it ends here. */
	isEnded = false;
	/** By their numbers; most lanes never have any. */
	#early: Map<number, Early<T>> | undefined;
	/** How far its origin says to have come; when that was heard first; and by when it had been sent. */
	#claimed = 0;
	#claimedAt = 0;
	#sentBefore = 0;
	/** When something that was missing has come last. */
	#filledAt = Number.NEGATIVE_INFINITY;

	constructor(origin: string, epoch: string) {
		this.origin = origin;
		this.epoch = epoch;
	}

	/** Number of events that wait. */
	get waiting(): number {
		return this.#early?.size ?? 0;
	}

	/** Has an event wait for those before it; false if it does already. */
	keep(seq: number, early: Early<T>): boolean {
		this.#early ??= new Map();
		if (this.#early.has(seq)) return false;
		this.#early.set(seq, early);
		return true;
	}

	/** Takes out the event whose turn it is, if it waits. */
	takeNext(): Early<T> | undefined {
		const next = this.#early?.get(this.last + 1);
		if (next !== undefined) this.#early?.delete(this.last + 1);
		if (this.waiting === 0) this.#early = undefined;
		return next;
	}

	/** Whether the next one is missing. */
	get isOpen(): boolean {
		const isBehind = this.#early !== undefined || this.#claimed > this.last;
		return isBehind && this.#early?.has(this.last + 1) !== true;
	}

	/** Whether nothing is missing, and nothing more comes; a sequence that was never begun is not waited for. */
	get isComplete(): boolean {
		return !this.isOpen && (this.isEnded || this.last === 0);
	}

	/** When what is missing first is given up: a moment after something has come last, but not much later than it was noticed. */
	get dueAt(): number {
		const noticed = this.#noticedAt;
		return Math.min(noticed + LONGEST, Math.max(noticed, this.#filledAt) + PATIENCE);
	}

	/** What is missing first. */
	get firstHole(): { readonly upTo: number; readonly before: number } {
		if (this.#early === undefined) return { upTo: this.#claimed, before: this.#sentBefore };
		let first = Number.POSITIVE_INFINITY;
		for (const seq of this.#early.keys()) first = Math.min(first, seq);
		return { upTo: first - 1, before: this.#noticedAt };
	}

	/** Something that was missing has come. */
	filled(now: number): void {
		this.#filledAt = now;
	}

	/**
	 * Takes what its origin says of itself.
	 *
	 * @param before By when it had sent all of that.
	 * @returns Whether something is missing by that.
	 */
	claim(seq: number, now: number, before: number): boolean {
		if (seq > this.#claimed) {
			if (this.#claimed <= this.last) this.#claimedAt = now;
			this.#claimed = seq;
			this.#sentBefore = before;
		}
		return this.isOpen;
	}

	get #noticedAt(): number {
		let noticed = this.#claimed > this.last ? this.#claimedAt : Number.POSITIVE_INFINITY;
		for (const { at } of this.#early?.values() ?? []) noticed = Math.min(noticed, at);
		return noticed;
	}
}
