import { type EarlyEvent, MissingEvents, type MissingRange } from "./missing-events.ts";

/** One sequence of an origin, numbered without holes. */
export class SequenceState<T> {
	readonly origin: string;
	readonly epoch: string;
	/** Everything up to this number was passed on, or given up. */
	last = 0;
	/** Where its origin reported its end, and its lifetime by then, in milliseconds. */
	end: { readonly seq: number; readonly up: number } | undefined;
	/** Whether its origin has reported its position. */
	isHeard = false;
	/** Time by which its origin counted as over; undefined if it did not, or has been heard since. */
	givenUpAt: number | undefined;
	/** Whether this gateway may have been away since its origin last reported its position. */
	isStale = false;
	/** What is missing now was sent before its origin knew of this gateway, or is on its way. */
	isNew = false;
	/** Undefined if nothing is missing, as in most of thousands of sequences. */
	#missing: MissingEvents<T> | undefined;

	constructor(origin: string, epoch: string) {
		this.origin = origin;
		this.epoch = epoch;
	}

	/** Number of events that wait. */
	get waiting(): number {
		return this.#missing?.waiting ?? 0;
	}

	/** Keeps an event until those before it have arrived; false if it is kept already. */
	keep(seq: number, early: EarlyEvent<T>): boolean {
		this.#missing ??= new MissingEvents();
		return this.#missing.keep(seq, early);
	}

	/** Removes and returns the event whose turn it is, if it waits. */
	takeNext(): EarlyEvent<T> | undefined {
		return this.#missing?.take(this.last + 1);
	}

	/** Whether the next event is missing. */
	get isOpen(): boolean {
		return this.#missing?.areOpen(this.last) ?? false;
	}

	/** Forgets what was missing, if nothing is missing any more. */
	close(): void {
		if (this.#missing?.areThere(this.last) === false) this.#missing = undefined;
	}

	/**
	 * Whether nothing is missing, and nothing more arrives. A sequence that never began is not waited for, unless this gateway
	 * may have been away since.
	 */
	get isComplete(): boolean {
		if (this.givenUpAt !== undefined) return true;
		if (this.isOpen || this.waiting > 0) return false;
		return this.end === undefined ? this.last === 0 && !this.isStale : this.last >= this.end.seq;
	}

	/** See {@link MissingEvents.dueAt}. */
	get dueAt(): number {
		return this.#missing?.dueAt(this.last) ?? Number.POSITIVE_INFINITY;
	}

	/** See {@link MissingEvents.due}. */
	dueRange(now: number): MissingRange | undefined {
		return this.#missing?.due(now, this.last);
	}

	/** See {@link MissingEvents.waitingUpTo}. */
	waitingUpTo(most: number): number[] {
		return this.#missing?.waitingUpTo(most) ?? [];
	}

	/** See {@link MissingEvents.filled}. */
	filled(now: number): void {
		this.#missing?.filled(now);
	}

	/**
	 * Takes its origin's report, see {@link MissingEvents.claim}.
	 *
	 * @returns Whether the next event is missing.
	 */
	claim(seq: number, now: number, before: number): boolean {
		if (seq <= this.last) return this.isOpen;
		this.#missing ??= new MissingEvents();
		this.#missing.claim(seq, now, before, this.last);
		return this.isOpen;
	}

	/** See {@link MissingEvents.areOpenBehind}. */
	isOpenBehind(seq: number): boolean {
		return this.#missing?.areOpenBehind(seq) ?? false;
	}
}
