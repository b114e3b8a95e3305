import { type Early, type Hole, Holes } from "./holes.ts";

/** One sequence of an origin, counted without holes. */
export class Lane<T> {
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
	/** Undefined if nothing is missing: of thousands of lanes, as a rule. */
	#holes: Holes<T> | undefined;

	constructor(origin: string, epoch: string) {
		this.origin = origin;
		this.epoch = epoch;
	}

	/** Number of events that wait. */
	get waiting(): number {
		return this.#holes?.waiting ?? 0;
	}

	/** Has an event wait for those before it; false if it does already. */
	keep(seq: number, early: Early<T>): boolean {
		this.#holes ??= new Holes();
		return this.#holes.keep(seq, early);
	}

	/** Takes out the event whose turn it is, if it waits. */
	takeNext(): Early<T> | undefined {
		return this.#holes?.take(this.last + 1);
	}

	/** Whether the next one is missing. */
	get isOpen(): boolean {
		return this.#holes?.areOpen(this.last) ?? false;
	}

	/** Forgets what was missing, if nothing is. */
	close(): void {
		if (this.#holes?.areThere(this.last) === false) this.#holes = undefined;
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

	/** See {@link Holes.dueAt}. */
	get dueAt(): number {
		return this.#holes?.dueAt(this.last) ?? Number.POSITIVE_INFINITY;
	}

	/** See {@link Holes.due}. */
	dueHole(now: number): Hole | undefined {
		return this.#holes?.due(now, this.last);
	}

	/** See {@link Holes.waitingUpTo}. */
	waitingUpTo(most: number): number[] {
		return this.#holes?.waitingUpTo(most) ?? [];
	}

	/** See {@link Holes.filled}. */
	filled(now: number): void {
		this.#holes?.filled(now);
	}

	/**
	 * Takes what its origin says of itself, see {@link Holes.claim}.
	 *
	 * @returns Whether something is missing by that.
	 */
	claim(seq: number, now: number, before: number): boolean {
		if (seq <= this.last) return this.isOpen;
		this.#holes ??= new Holes();
		this.#holes.claim(seq, now, before, this.last);
		return this.isOpen;
	}

	/** See {@link Holes.areOpenBehind}. */
	isOpenBehind(seq: number): boolean {
		return this.#holes?.areOpenBehind(seq) ?? false;
	}
}
