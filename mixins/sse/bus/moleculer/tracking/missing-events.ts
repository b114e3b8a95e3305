/** Milliseconds that what is missing is waited for: transporters and middlewares may let one event overtake another. */
export const PATIENCE = 500;
/** The same while what is missing comes in, piece by piece. */
export const LONGEST = 5000;

/** An event that came before one that was sent earlier. */
export interface EarlyEvent<T> {
	readonly item: T;
	readonly at: number;
	readonly bytes: number;
}

/** What is given up: all that is missing up to a number. */
export interface MissingRange {
	readonly upTo: number;
	/** By when all of it had been sent. */
	readonly before: number;
}

/** What is missing of a sequence, by the events that came early and by what its origin says. `last` is that before all of it. */
export class MissingEvents<T> {
	/** By their numbers, in the order in which they came. */
	readonly #early = new Map<number, EarlyEvent<T>>();
	/** The highest of these numbers; 0 without any. */
	#newestEarly = 0;
	/** How far its origin says to have come; when that was heard first; and by when it had been sent. */
	#claimed = 0;
	#claimedAt = 0;
	#claimedSince = 0;
	#sentBefore = 0;
	/** When something that was missing has come last. */
	#filledAt = Number.NEGATIVE_INFINITY;

	/** Number of events that wait. */
	get waiting(): number {
		return this.#early.size;
	}

	/** Has an event wait for those before it; false if it does already. */
	keep(seq: number, early: EarlyEvent<T>): boolean {
		if (this.#early.has(seq)) return false;
		this.#early.set(seq, early);
		// It was overtaken itself: what is missing before it may have been as well, and still come.
		if (seq < this.#newestEarly || seq <= this.#claimed) this.filled(early.at);
		this.#newestEarly = Math.max(this.#newestEarly, seq);
		return true;
	}

	/** Takes out an event, if it waits. */
	take(seq: number): EarlyEvent<T> | undefined {
		const early = this.#early.get(seq);
		if (early !== undefined) this.#early.delete(seq);
		if (this.#early.size === 0) this.#newestEarly = 0;
		return early;
	}

	/** Something that was missing has come. */
	filled(now: number): void {
		this.#filledAt = now;
	}

	/**
	 * Takes what its origin says of itself.
	 *
	 * @param before By when it had sent all of that.
	 */
	claim(seq: number, now: number, before: number, last: number): void {
		// Of what is before an event that has come, only by when it was sent may be new.
		if (seq <= this.#claimed || (seq <= this.#newestEarly && this.#claimed > last)) return;
		if (this.#claimed <= last) this.#claimedSince = now;
		// It may be under way for as long as any, though not for ever.
		this.#claimedAt = Math.min(now, this.#claimedSince + LONGEST - PATIENCE);
		this.#claimed = seq;
		this.#sentBefore = before;
	}

	/** Whether something is missing, or waits. */
	areThere(last: number): boolean {
		return this.#early.size > 0 || this.#claimed > last;
	}

	/** Whether the next one is missing. */
	areOpen(last: number): boolean {
		return this.areThere(last) && !this.#early.has(last + 1);
	}

	/** Whether something behind a number is missing as well. */
	areOpenBehind(seq: number): boolean {
		let next = seq;
		for (const waiting of this.waitingUpTo(Number.POSITIVE_INFINITY)) {
			if (waiting <= seq) continue;
			if (waiting > next + 1) return true;
			next = waiting;
		}
		return this.#claimed > next;
	}

	/** Numbers of the events that wait, up to one, in order. */
	waitingUpTo(most: number): number[] {
		return [...this.#early.keys()].filter(seq => seq <= most).sort((a, b) => a - b);
	}

	/** When what is missing first is given up: a moment after something has come last, but not much later than it was noticed. */
	dueAt(last: number): number {
		const claimed = this.#claimed > last ? this.#claimedAt : Number.POSITIVE_INFINITY;
		// The first that came is the first in the map.
		for (const { at } of this.#early.values()) return this.#dueAt(Math.min(claimed, at));
		return this.#dueAt(claimed);
	}

	#dueAt(noticed: number): number {
		return Math.min(noticed + LONGEST, Math.max(noticed, this.#filledAt) + PATIENCE);
	}

	/**
	 * What is missing and due by then, as one: the numbers behind which events come on.
	 *
	 * @param now Infinity: all that is missing.
	 */
	due(now: number, last: number): MissingRange | undefined {
		const seqs = this.waitingUpTo(Number.POSITIVE_INFINITY);
		// Behind all that came early, what its origin says is missing as well.
		if (this.#claimed > (seqs.at(-1) ?? last) && this.#dueAt(this.#claimedAt) <= now) {
			return { upTo: this.#claimed, before: this.#sentBefore };
		}
		let came = Number.POSITIVE_INFINITY;
		for (let index = seqs.length - 1; index >= 0; index--) {
			const seq = seqs[index] as number;
			came = Math.min(came, this.#early.get(seq)?.at ?? came);
			const before = index === 0 ? last : (seqs[index - 1] as number);
			if (seq === before + 1) continue;
			// What its origin has said is missing was noticed by that, and what is behind it by what has come.
			const claimed = Math.min(this.#claimed, seq - 1);
			if (claimed < seq - 1 && this.#dueAt(came) <= now) return { upTo: seq - 1, before: came };
			if (claimed > before && this.#dueAt(Math.min(came, this.#claimedAt)) <= now) {
				return { upTo: claimed, before: Math.min(came, this.#sentBefore) };
			}
		}
		return undefined;
	}
}
