/** Milliseconds for which missing events are waited for: transporters and middlewares may let one event overtake another. */
export const PATIENCE = 500;
/** The same while missing events keep arriving. */
export const LONGEST = 5000;

/** An event that arrived before one that was sent earlier. */
export interface EarlyEvent<T> {
	readonly item: T;
	readonly at: number;
	readonly bytes: number;
}

/** Missing events that are given up: all those up to a number. */
export interface MissingRange {
	readonly upTo: number;
	/** Time by which all of them had been sent. */
	readonly before: number;
}

/**
 * What is missing of a sequence, judging by early events and by its origin's reports. `last` is the number before all of it.
 */
export class MissingEvents<T> {
	/** By number, in the order of arrival. */
	readonly #early = new Map<number, EarlyEvent<T>>();
	/** The highest of these numbers; 0 if there are none. */
	#newestEarly = 0;
	/**
	 * How far its origin reports to have come; when that was heard; since when reported events are missing; by when they had
	 * been sent.
	 */
	#claimed = 0;
	#claimedAt = 0;
	#claimedSince = 0;
	#sentBefore = 0;
	/** When a missing event last arrived. */
	#filledAt = Number.NEGATIVE_INFINITY;

	/** Number of events that wait. */
	get waiting(): number {
		return this.#early.size;
	}

	/** Keeps an event until those before it have arrived; false if it is kept already. */
	keep(seq: number, early: EarlyEvent<T>): boolean {
		if (this.#early.has(seq)) return false;
		this.#early.set(seq, early);
		// It was overtaken itself: what is missing before it may have been, too, and still arrive.
		if (seq < this.#newestEarly || seq <= this.#claimed) this.filled(early.at);
		this.#newestEarly = Math.max(this.#newestEarly, seq);
		return true;
	}

	/** Removes and returns an event, if it waits. */
	take(seq: number): EarlyEvent<T> | undefined {
		const early = this.#early.get(seq);
		if (early !== undefined) this.#early.delete(seq);
		if (this.#early.size === 0) this.#newestEarly = 0;
		return early;
	}

	/** A missing event has arrived. */
	filled(now: number): void {
		this.#filledAt = now;
	}

	/**
	 * Takes its origin's report.
	 *
	 * @param before Time by which everything up to `seq` had been sent.
	 */
	claim(seq: number, now: number, before: number, last: number): void {
		// Before an event that has arrived, a report can add only the time of sending.
		if (seq <= this.#claimed || (seq <= this.#newestEarly && this.#claimed > last)) return;
		if (this.#claimed <= last) this.#claimedSince = now;
		// The events may be under way as long as any, but not for ever.
		this.#claimedAt = Math.min(now, this.#claimedSince + LONGEST - PATIENCE);
		this.#claimed = seq;
		this.#sentBefore = before;
	}

	/** Whether something is missing, or waits. */
	areThere(last: number): boolean {
		return this.#early.size > 0 || this.#claimed > last;
	}

	/** Whether the next event is missing. */
	areOpen(last: number): boolean {
		return this.areThere(last) && !this.#early.has(last + 1);
	}

	/** Whether something after a number is missing, too. */
	areOpenBehind(seq: number): boolean {
		let next = seq;
		for (const waiting of this.waitingUpTo(Number.POSITIVE_INFINITY)) {
			if (waiting <= seq) continue;
			if (waiting > next + 1) return true;
			next = waiting;
		}
		return this.#claimed > next;
	}

	/** Numbers of the events that wait, up to `most`, in order. */
	waitingUpTo(most: number): number[] {
		return [...this.#early.keys()].filter(seq => seq <= most).sort((a, b) => a - b);
	}

	/** When the first missing event is given up: a moment after the last arrival, but not much later than it was noticed. */
	dueAt(last: number): number {
		const claimed = this.#claimed > last ? this.#claimedAt : Number.POSITIVE_INFINITY;
		// The map's first entry arrived first.
		for (const { at } of this.#early.values()) return this.#dueAt(Math.min(claimed, at));
		return this.#dueAt(claimed);
	}

	#dueAt(noticed: number): number {
		return Math.min(noticed + LONGEST, Math.max(noticed, this.#filledAt) + PATIENCE);
	}

	/**
	 * What is missing and due by `now`, as one range, after which events are passed on again.
	 *
	 * @param now Infinity: everything that is missing.
	 */
	due(now: number, last: number): MissingRange | undefined {
		const seqs = this.waitingUpTo(Number.POSITIVE_INFINITY);
		// After all early events, whatever the origin reports is missing, too.
		if (this.#claimed > (seqs.at(-1) ?? last) && this.#dueAt(this.#claimedAt) <= now) {
			return { upTo: this.#claimed, before: this.#sentBefore };
		}
		let came = Number.POSITIVE_INFINITY;
		for (let index = seqs.length - 1; index >= 0; index--) {
			const seq = seqs[index] as number;
			came = Math.min(came, this.#early.get(seq)?.at ?? came);
			const before = index === 0 ? last : (seqs[index - 1] as number);
			if (seq === before + 1) continue;
			// The report shows what is missing up to its number; after that, the early event that follows does.
			const claimed = Math.min(this.#claimed, seq - 1);
			if (claimed < seq - 1 && this.#dueAt(came) <= now) return { upTo: seq - 1, before: came };
			if (claimed > before && this.#dueAt(Math.min(came, this.#claimedAt)) <= now) {
				return { upTo: claimed, before: Math.min(came, this.#sentBefore) };
			}
		}
		return undefined;
	}
}
