import type { Sequence } from "./sequences.ts";

/** Milliseconds after the last event until its number is told; each time doubles them. */
const FIRST = 1000;
const LAST = 60_000;
/** Least milliseconds from one look at all sequences, of which there may be many, to the next. */
const APART = 20;

/** When a sequence is told of next. */
interface Due {
	/** `performance.now()`. */
	at: number;
	/** Milliseconds from the telling before, or from the last event. */
	interval: number;
	/** `performance.now()` of the telling before, or of the first event. */
	toldAt: number;
}

/** Says which sequences have been quiet, each for itself: a second after its last event, and then more and more seldom. */
export class QuietSequences {
	readonly #tell: (sequence: Sequence, now: number) => void;
	readonly #dues = new Map<Sequence, Due>();
	/** One for all sequences: it comes when the first of them is due, or before. */
	#timer: NodeJS.Timeout | undefined;
	/** `performance.now()` at which the timer comes. */
	#timerAt = Number.POSITIVE_INFINITY;

	/** @param tell Must not throw. */
	constructor(tell: (sequence: Sequence, now: number) => void) {
		this.#tell = tell;
	}

	/** A sequence is quiet from now on, until it begins anew. */
	begin(sequence: Sequence, now: number): void {
		const due = this.#dues.get(sequence);
		// One that is never quiet is told of all the same: gateways miss whom they do not hear.
		const at = Math.max(now, Math.min(now + FIRST, (due?.toldAt ?? now) + LAST));
		if (due === undefined) {
			this.#dues.set(sequence, { at, interval: FIRST, toldAt: now });
		} else {
			due.at = at;
			due.interval = FIRST;
		}
		if (this.#timerAt > at) this.#schedule(at, now);
	}

	/** Forgets all of them. */
	clear(): void {
		clearTimeout(this.#timer);
		this.#timerAt = Number.POSITIVE_INFINITY;
		this.#dues.clear();
	}

	#schedule(at: number, now: number): void {
		clearTimeout(this.#timer);
		this.#timerAt = at;
		this.#timer = setTimeout(this.#look, at - now).unref();
	}

	readonly #look = (): void => {
		const now = performance.now();
		let first = Number.POSITIVE_INFINITY;
		for (const [sequence, due] of this.#dues) {
			// A timer may come a moment too early.
			if (due.at <= now + 1) {
				this.#tell(sequence, now);
				due.toldAt = now;
				due.interval = Math.min(due.interval * 2, LAST);
				due.at = now + due.interval;
			}
			first = Math.min(first, due.at);
		}
		if (this.#dues.size > 0) this.#schedule(Math.max(first, now + APART), now);
	};
}
