/** Share of the rate for clients that were sent away; the rest is for new ones. */
const RETURNING = 0.8;
/** Longest wait, in milliseconds, that a client is told. */
const MAX_WAIT = 60_000;

/**
 * Limits how many may pass per second: a token bucket that holds the tokens of one second. Clients that may not pass are told
 * when to come back, one after the other, so that a crowd returns at that rate and not all at once.
 */
export class TokenBucket {
	readonly #perSecond: number;
	#tokens: number;
	#filledAt = Number.NEGATIVE_INFINITY;
	/** When the last client that was sent away is to come back. */
	#nextTurn = Number.NEGATIVE_INFINITY;

	/** @param perSecond Greater than 0. */
	constructor(perSecond: number) {
		this.#perSecond = perSecond;
		this.#tokens = perSecond;
	}

	/** Takes a token. @returns Whether one more may pass at `now`, in milliseconds on a clock that never goes back. */
	take(now: number): boolean {
		const elapsed = Math.max(0, now - this.#filledAt) / 1000;
		this.#tokens = Math.min(this.#perSecond, this.#tokens + elapsed * this.#perSecond);
		this.#filledAt = now;
		if (this.#tokens < 1) return false;
		this.#tokens -= 1;
		return true;
	}

	/**
	 * Milliseconds after which a client that may not pass now should come back.
	 *
	 * @param atLeast The shortest wait.
	 */
	wait(now: number, atLeast: number): number {
		const turn = Math.max(this.#nextTurn, now + atLeast) + 1000 / (this.#perSecond * RETURNING);
		this.#nextTurn = Math.min(turn, now + MAX_WAIT);
		return this.#nextTurn - now;
	}
}
