/** Milliseconds until nodes that have not answered are asked again; each time doubles them. */
const FIRST_PAUSE = 200;
const LAST_PAUSE = 8000;
/** Milliseconds in which nodes that are met are gathered, to be asked together; up to twice as many. */
const TOGETHER = 25;
/** The same once more than so many were met within a second. */
const CROWD_TOGETHER = 400;
const CROWD = 10;

/** When nodes are asked, and asked again. */
export class QuestionTimer {
	readonly #ask: () => void;
	#pause = FIRST_PAUSE;
	/** Nodes that were met in a second, and when it began (`performance.now()`). */
	#met = 0;
	#metSince = Number.NEGATIVE_INFINITY;
	#timer: NodeJS.Timeout | undefined;
	/** `performance.now()` at which it comes. */
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
	 * A node is met, and asked in a moment, with others. A cluster that starts is met one by one, by all its gateways: each question
	 * would be about a few, and go to all.
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

	/** Who has not answered yet is asked again, later each time. */
	again(): void {
		this.#after(this.#isCrowd ? Math.max(this.#pause, 2 * CROWD_TOGETHER) : this.#pause);
		this.#pause = Math.min(this.#pause * 2, LAST_PAUSE);
	}

	/** The next pause is the shortest one. */
	reset(): void {
		this.#pause = FIRST_PAUSE;
	}

	/** Nothing is asked until something is planned again. */
	stop(): void {
		clearTimeout(this.#timer);
		this.#at = Number.POSITIVE_INFINITY;
	}

	get #isCrowd(): boolean {
		return this.#met > CROWD && performance.now() - this.#metSince < 2000;
	}

	/** Then, or earlier if that is planned already: nodes that are met one after the other do not hold each other up. */
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
