/** Milliseconds that what is missing is waited for: transporters and middlewares may let one event overtake another. */
export const PATIENCE = 500;
/** The same while what is missing comes in, piece by piece. */
export const LONGEST = 5000;

/** An event that came before one that was sent earlier. */
interface Early<T> {
	readonly item: T;
	readonly at: number;
	readonly bytes: number;
}

/** What is given up: all that is missing up to a number. */
interface Hole {
	readonly upTo: number;
	/** By when all of it had been sent. */
	readonly before: number;
}

/** One sequence of an origin, counted without holes. */
export class Lane<T> {
	readonly origin: string;
	readonly epoch: string;
	/** All up to it were handed on, or given up. */
	last = 0;
	/** Where its origin has said that it ends, and how long it had lived by then, in milliseconds. */
	end: number | undefined;
	endUp = 0;
	/** Its origin has said where it is. */
	isHeard = false;
	/** Its origin was told as over, unheard: not once more, unless it says something again. */
	isGivenUp = false;
	/** Since its origin said last where it is, this gateway may have been away. */
	isStale = false;
	/** What is missing now was sent before its origin had heard of this gateway, or is on its way. */
	isNew = false;
	/** By their numbers, in the order in which they came; most lanes never have any. */
	#early: Map<number, Early<T>> | undefined;
	/** The highest of these numbers; 0 without any. */
	#newestEarly = 0;
	/** How far its origin says to have come; when that was heard first; and by when it had been sent. */
	#claimed = 0;
	#claimedAt = 0;
	#claimedSince = 0;
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
		// It was overtaken itself: what is missing before it may have been as well, and still come.
		if (seq < this.#newestEarly) this.filled(early.at);
		else this.#newestEarly = seq;
		return true;
	}

	/** Takes out the event whose turn it is, if it waits. */
	takeNext(): Early<T> | undefined {
		const next = this.#early?.get(this.last + 1);
		if (next !== undefined) this.#early?.delete(this.last + 1);
		if (this.waiting === 0) {
			this.#early = undefined;
			this.#newestEarly = 0;
		}
		return next;
	}

	/** Whether the next one is missing. */
	get isOpen(): boolean {
		const isBehind = this.#early !== undefined || this.#claimed > this.last;
		return isBehind && this.#early?.has(this.last + 1) !== true;
	}

	/**
	 * Whether nothing is missing, and nothing more comes. A sequence that was never begun is not waited for, unless this
	 * gateway may have been away since.
	 */
	get isComplete(): boolean {
		if (this.isGivenUp) return true;
		if (this.isOpen || this.waiting > 0) return false;
		return this.end === undefined ? this.last === 0 && !this.isStale : this.last >= this.end;
	}

	/** When what is missing first is given up: a moment after something has come last, but not much later than it was noticed. */
	get dueAt(): number {
		return this.#dueAt(this.#noticedAt);
	}

	#dueAt(noticed: number): number {
		return Math.min(noticed + LONGEST, Math.max(noticed, this.#filledAt) + PATIENCE);
	}

	/**
	 * What is missing and due by then, as one: the numbers behind which events come on.
	 *
	 * @param now Infinity: all that is missing.
	 */
	dueHole(now: number): Hole | undefined {
		const seqs = [...(this.#early?.keys() ?? [])].sort((a, b) => a - b);
		// Behind all that came early, what its origin says is missing as well.
		if (this.#claimed > (seqs.at(-1) ?? this.last) && this.#dueAt(this.#claimedAt) <= now) {
			return { upTo: this.#claimed, before: this.#sentBefore };
		}
		let came = Number.POSITIVE_INFINITY;
		for (let index = seqs.length - 1; index >= 0; index--) {
			const seq = seqs[index] as number;
			came = Math.min(came, this.#early?.get(seq)?.at ?? came);
			const before = index === 0 ? this.last : (seqs[index - 1] as number);
			const noticed = this.#claimed > before ? Math.min(came, this.#claimedAt) : came;
			if (seq > before + 1 && this.#dueAt(noticed) <= now) {
				return { upTo: seq - 1, before: this.#sentBy(seq - 1, noticed) };
			}
		}
		return undefined;
	}

	/** By when all up to a number had been sent, of which one behind it has come. */
	#sentBy(seq: number, noticed: number): number {
		return seq <= this.#claimed ? Math.min(noticed, this.#sentBefore) : noticed;
	}

	/** Numbers of the events that wait, up to one, in order. */
	waitingUpTo(most: number): number[] {
		return [...(this.#early?.keys() ?? [])].filter(seq => seq <= most).sort((a, b) => a - b);
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
		// Of what is before an event that has come, nothing new is said by that.
		if (seq > this.#claimed && seq > this.#newestEarly) {
			if (this.#claimed <= this.last) this.#claimedSince = now;
			// It may be under way for as long as any, though not for ever.
			this.#claimedAt = Math.min(now, this.#claimedSince + LONGEST - PATIENCE);
			this.#claimed = seq;
			this.#sentBefore = before;
		}
		return this.isOpen;
	}

	/** When it was noticed that the next one is missing. */
	get #noticedAt(): number {
		const claimed = this.#claimed > this.last ? this.#claimedAt : Number.POSITIVE_INFINITY;
		// The first that came is the first in the map.
		for (const { at } of this.#early?.values() ?? []) return Math.min(claimed, at);
		return claimed;
	}

	/** Whether something behind a number is missing as well. */
	isOpenBehind(seq: number): boolean {
		const seqs = this.waitingUpTo(Number.POSITIVE_INFINITY).filter(waiting => waiting > seq);
		let next = seq;
		for (const waiting of seqs) {
			if (waiting > next + 1) return true;
			next = waiting;
		}
		return this.#claimed > next;
	}
}
