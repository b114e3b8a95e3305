import { type EarlyEvent, MissingEvents, type MissingRange } from "./missing-events.ts";

/** One sequence of an origin, counted without holes. */
export class SequenceState<T> {
	readonly origin: string;
	readonly epoch: string;
	/** All up to it were handed on, or given up. */
	last = 0;
	/** Where its origin has said that it ends, and how long it had lived by then, in milliseconds. */
	end: { readonly seq: number; readonly up: number } | undefined;
	/** Its origin has said where it is. */
	isHeard = false;
	/** By when its origin was told as over, unheard; undefined if it was not, or has said something since. */
	givenUpAt: number | undefined;
	/** Since its origin said last where it is, this gateway may have been away. */
	isStale = false;
	/** What is missing now was sent before its origin had heard of this gateway, or is on its way. */
	isNew = false;
	/** Undefined if nothing is missing: of thousands of sequences, as a rule. */
	#missing: MissingEvents<T> | undefined;

	constructor(origin: string, epoch: string) {
		this.origin = origin;
		this.epoch = epoch;
	}

	/** Number of events that wait. */
	get waiting(): number {
		return this.#missing?.waiting ?? 0;
	}

	/** Has an event wait for those before it; false if it does already. */
	keep(seq: number, early: EarlyEvent<T>): boolean {
		this.#missing ??= new MissingEvents();
		return this.#missing.keep(seq, early);
	}

	/** Takes out the event whose turn it is, if it waits. */
	takeNext(): EarlyEvent<T> | undefined {
		return this.#missing?.take(this.last + 1);
	}

	/** Whether the next one is missing. */
	get isOpen(): boolean {
		return this.#missing?.areOpen(this.last) ?? false;
	}

	/** Forgets what was missing, if nothing is. */
	close(): void {
		if (this.#missing?.areThere(this.last) === false) this.#missing = undefined;
	}

	/**
	 * Whether nothing is missing, and nothing more comes. A sequence that was never begun is not waited for, unless this
	 * gateway may have been away since.
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
	 * Takes what its origin says of itself, see {@link MissingEvents.claim}.
	 *
	 * @returns Whether something is missing by that.
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
