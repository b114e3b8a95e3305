/** Part of the pace that those who were sent away get; the rest is for who comes for the first time. */
const RETURNING = 0.8;
/** Longest wait, in milliseconds, that anybody is told. */
const MAX_WAIT = 60_000;

/**
 * How many may pass a second: a token bucket that holds those of one second. Who may not pass is told
 * when to come back, one after the other, so that a crowd comes back at the pace and not as a crowd.
 */
export class TokenBucket {
	readonly #perSecond: number;
	#tokens: number;
	#filledAt = Number.NEGATIVE_INFINITY;
	/** When the last one that was sent away is to come back. */
	#nextTurn = Number.NEGATIVE_INFINITY;

	/** @param perSecond Greater than 0. */
	constructor(perSecond: number) {
		this.#perSecond = perSecond;
		this.#tokens = perSecond;
	}

	/** Whether one more may pass at `now`, in milliseconds on a clock that never goes back. */
	take(now: number): boolean {
		const elapsed = Math.max(0, now - this.#filledAt) / 1000;
		this.#tokens = Math.min(this.#perSecond, this.#tokens + elapsed * this.#perSecond);
		this.#filledAt = now;
		if (this.#tokens < 1) return false;
		this.#tokens -= 1;
		return true;
	}

	/**
	 * Milliseconds after which one that may not pass now should come back.
	 *
	 * @param atLeast The shortest wait.
	 */
	wait(now: number, atLeast: number): number {
		const turn = Math.max(this.#nextTurn, now + atLeast) + 1000 / (this.#perSecond * RETURNING);
		this.#nextTurn = Math.min(turn, now + MAX_WAIT);
		return this.#nextTurn - now;
	}
}
