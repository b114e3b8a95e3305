import { NEXT_REPORT } from "../position-report.ts";
import { isMain, type Sequence } from "./sequences.ts";

/** Milliseconds from the last event to the first report of its number; doubled by each report. */
const FIRST = 1000;
/** The same at most, for other sequences than that of the events that go to all. */
const LAST = 60_000;
/** Least milliseconds between two passes over all sequences, of which there may be many. */
const APART = 20;

/** When a sequence is reported next. */
interface Due {
	/** `performance.now()`. */
	at: number;
	/** Milliseconds since the previous report, or since the last event. */
	interval: number;
	/** The most that this may become. */
	readonly most: number;
	/** `performance.now()` of the previous report, or of the first event. */
	toldAt: number;
}

/**
 * Has each sequence reported once it is quiet, at growing intervals; and that of the events that go to all, within `NEXT_REPORT`: what
 * gateways hear of it tells them that the path from this node is not broken.
 */
export class QuietSequences {
	readonly #tell: (sequence: Sequence, now: number) => void;
	readonly #dues = new Map<Sequence, Due>();
	/** One timer for all sequences; it fires when the first of them is due, or earlier. */
	#timer: NodeJS.Timeout | undefined;
	/** `performance.now()` at which the timer fires. */
	#timerAt = Number.POSITIVE_INFINITY;

	/** @param tell Must not throw. */
	constructor(tell: (sequence: Sequence, now: number) => void) {
		this.#tell = tell;
	}

	/** Call this at every event of a sequence: its intervals start again. */
	begin(sequence: Sequence, now: number): void {
		const due = this.#dues.get(sequence);
		// A sequence that is never quiet is reported too: gateways notice senders that do not report.
		const most = isMain(sequence) ? NEXT_REPORT : LAST;
		const at = Math.max(now, Math.min(now + FIRST, (due?.toldAt ?? now) + most));
		if (due === undefined) {
			this.#dues.set(sequence, { at, interval: FIRST, most, toldAt: now });
		} else {
			due.at = at;
			due.interval = FIRST;
		}
		if (this.#timerAt > at) this.#schedule(at, now);
	}

	/** Forgets all sequences. */
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
			// A timer may fire a moment early.
			if (due.at <= now + 1) {
				this.#tell(sequence, now);
				due.toldAt = now;
				due.interval = Math.min(due.interval * 2, due.most);
				due.at = now + due.interval;
			}
			first = Math.min(first, due.at);
		}
		if (this.#dues.size > 0) this.#schedule(Math.max(first, now + APART), now);
	};
}
