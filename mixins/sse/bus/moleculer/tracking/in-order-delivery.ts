import type { Consequences } from "./consequences.ts";
import type { SequenceState } from "./sequence-state.ts";

/** Most events that wait for earlier ones at a time. */
const MAX_EARLY = 10_000;
/** Most bytes that they may take, as the caller counts them. */
const MAX_EARLY_BYTES = 16_777_216;

/**
 * Passes on the events of each sequence in their order. An early event waits a moment for those before it; what has not arrived
 * by then is given up.
 */
export class InOrderDelivery<T> {
	/** Sequences in which something is missing. */
	readonly #open = new Set<SequenceState<T>>();
	readonly #then: Pick<Consequences<T>, "handOn" | "lost" | "failed">;
	#early = 0;
	#earlyBytes = 0;

	constructor(then: Pick<Consequences<T>, "handOn" | "lost" | "failed">) {
		this.#then = then;
	}

	/** Whether nothing may be missing. */
	get isWhole(): boolean {
		return this.#open.size === 0;
	}

	/** Whether events are awaited that an origin may have sent before it knew of this gateway. */
	get isMeeting(): boolean {
		for (const sequence of this.#open) if (sequence.isNew) return true;
		return false;
	}

	/** When missing events are given up next; Infinity if nothing is missing. */
	get nextDecision(): number {
		let next = Number.POSITIVE_INFINITY;
		for (const sequence of this.#open) next = Math.min(next, sequence.dueAt);
		return next;
	}

	/** Takes an event that has not been passed on, nor given up. @param bytes Its size while it waits. */
	take(sequence: SequenceState<T>, seq: number, item: T, now: number, bytes: number): void {
		if (seq === sequence.last + 1) {
			if (this.#open.size > 0) sequence.filled(now);
			this.#next(sequence, item);
			if (sequence.waiting > 0) this.#follow(sequence);
			return;
		}
		if (!sequence.keep(seq, { item, at: now, bytes })) return;
		this.#early++;
		this.#earlyBytes += bytes;
		this.#open.add(sequence);
		if (this.#early <= MAX_EARLY && this.#earlyBytes <= MAX_EARLY_BYTES) return;
		this.giveUp(this.#fullest(sequence), Number.POSITIVE_INFINITY);
	}

	/** The next event of a sequence is missing. */
	await(sequence: SequenceState<T>): void {
		this.#open.add(sequence);
	}

	/** Gives up what has been missing for too long. */
	decide(now: number): void {
		for (const sequence of this.#open) if (sequence.dueAt <= now) this.giveUp(sequence, now);
	}

	/** The sequence in which most events wait; the given one if none has more. */
	#fullest(sequence: SequenceState<T>): SequenceState<T> {
		let fullest = sequence;
		for (const other of this.#open) if (other.waiting > fullest.waiting) fullest = other;
		return fullest;
	}

	/** Gives up what is due by `now`, all as one loss, and goes on after it. @param isTold The loss is told already. */
	giveUp(sequence: SequenceState<T>, now: number, isTold = false): void {
		const range = sequence.dueRange(now);
		if (range === undefined) return;
		const { origin } = sequence;
		const { upTo, before } = range;
		if (!isTold) {
			const isEarlier = sequence.isNew;
			sequence.isNew = false;
			// Unless more is missing, the resume token that goes out with this loss has nothing missing before it.
			if (!sequence.isOpenBehind(upTo)) this.#open.delete(sequence);
			this.#then.lost({ origin, upTo, before, isEarlier });
		}
		for (const seq of sequence.waitingUpTo(upTo)) {
			sequence.last = Math.max(sequence.last, seq - 1);
			this.#follow(sequence);
		}
		sequence.last = Math.max(sequence.last, upTo);
		this.#follow(sequence);
		this.#look(sequence);
	}

	/** Passes on the events that waited for the one that has arrived. */
	#follow(sequence: SequenceState<T>): void {
		while (sequence.waiting > 0) {
			const early = sequence.takeNext();
			if (early === undefined) return;
			this.#early--;
			this.#earlyBytes -= early.bytes;
			this.#next(sequence, early.item);
		}
	}

	#next(sequence: SequenceState<T>, item: T): void {
		sequence.last++;
		// Comes before the event is passed on: nothing is missing before it any more.
		if (this.#open.size > 0 || sequence.waiting > 0) this.#look(sequence);
		try {
			this.#then.handOn(item);
		} catch (error) {
			this.#then.failed(error);
			const { origin, last } = sequence;
			this.#then.lost({ origin, upTo: last, before: Number.POSITIVE_INFINITY, isEarlier: false });
		}
	}

	#look(sequence: SequenceState<T>): void {
		if (sequence.isOpen) {
			this.#open.add(sequence);
			return;
		}
		this.#open.delete(sequence);
		sequence.isNew = false;
		sequence.close();
	}
}
