/** Milliseconds until nodes that have not answered are asked again; doubles each time, up to `LAST_PAUSE`. */
const FIRST_PAUSE = 200;
const LAST_PAUSE = 8000;
/** Milliseconds for which newly met nodes are collected, to be asked together; at random, up to twice as long. */
const TOGETHER = 25;
/** The same, once more than `CROWD` nodes were met within a second. */
const CROWD_TOGETHER = 400;
const CROWD = 10;

/** Decides when nodes are asked, and asked again. */
export class QuestionTimer {
	readonly #ask: () => void;
	#pause = FIRST_PAUSE;
	/** Nodes met within the current second, and when it began (`performance.now()`). */
	#met = 0;
	#metSince = Number.NEGATIVE_INFINITY;
	#timer: NodeJS.Timeout | undefined;
	/** `performance.now()` at which the timer fires. */
	#at = Number.POSITIVE_INFINITY;

	/** @param ask Must not throw. */
	constructor(ask: () => void) {
		this.#ask = ask;
	}

	/** Asks as soon as this turn is over. */
	soon(): void {
		this.#pause = FIRST_PAUSE;
		this.#after(0);
	}

	/**
	 * A node was met; it is asked in a moment, with others. When a cluster starts, all its gateways meet the nodes one by one:
	 * each question would name a few nodes, and go to all.
	 */
	met(): void {
		this.#pause = FIRST_PAUSE;
		const now = performance.now();
		if (now - this.#metSince > 1000) {
			this.#metSince = now;
			this.#met = 0;
		}
		this.#met++;
		const together = this.#isCrowd ? CROWD_TOGETHER : TOGETHER;
		this.#after(together * (1 + Math.random()));
	}

	/** Schedules another question to nodes that have not answered, later each time. */
	again(): void {
		this.#after(this.#isCrowd ? Math.max(this.#pause, 2 * CROWD_TOGETHER) : this.#pause);
		this.#pause = Math.min(this.#pause * 2, LAST_PAUSE);
	}

	/** Makes the next pause the shortest one. */
	reset(): void {
		this.#pause = FIRST_PAUSE;
	}

	/** Asks nothing until something is scheduled again. */
	stop(): void {
		clearTimeout(this.#timer);
		this.#at = Number.POSITIVE_INFINITY;
	}

	get #isCrowd(): boolean {
		return this.#met > CROWD && performance.now() - this.#metSince < 2000;
	}

	/**
	 * Asks after `delay`, or earlier if that is scheduled already, so that nodes met one after the other do not delay each
	 * other.
	 */
	#after(delay: number): void {
		const at = performance.now() + delay;
		if (at >= this.#at) return;
		clearTimeout(this.#timer);
		this.#at = at;
		this.#timer = setTimeout(() => {
			this.#at = Number.POSITIVE_INFINITY;
			this.#ask();
		}, delay).unref();
	}
}
