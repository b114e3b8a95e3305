/*
 * Keeps what the page shows of the API's state from being out of date unnoticed.
 *
 * Events tell of changes, and where some may have been missed, the state has to be asked for. That is owed until an answer has
 * come: a request that fails is made again, after a wait that grows, or as soon as the gateway is known to be back. One request
 * is under way at a time, so that an answer never overwrites a newer one.
 */

/** Milliseconds before a failed request is made again: after the first failure, and at most. */
const RETRY_MIN = 1000;
const RETRY_MAX = 60_000;
/** Milliseconds after which a request that has no answer has failed. */
const TIMEOUT = 10_000;

export class Reload {
	#state;
	/** Whether the state is still to be asked for: a request under way began before it changed. */
	#owed = false;
	/** Whether a request is under way. */
	#asking = false;
	/** Whether the gateway has come back since that request began, whose failure then says nothing of it. */
	#isBack = false;
	/** Failed requests since the last answer, or since the gateway came back. */
	#failures = 0;
	#timer;

	/**
	 * @template State
	 * @param {object} state
	 * @param {(signal: AbortSignal) => Promise<State>} state.ask  asks the API; rejects if it gives no good answer
	 * @param {(answer: State) => void} state.show  shows the answer
	 * @param {(error: Error) => void} state.fail  tells that the state is not known yet; it will be asked for again
	 */
	constructor(state) {
		this.#state = state;
	}

	/** Asks for the state as it is from now on. Several calls in one turn make one request. */
	ask() {
		this.#owed = true;
		// a request under way, or a wait, is followed by one anyway
		if (!this.#asking && this.#failures === 0) this.#sendIn(0);
	}

	/** The gateway answers again: what is owed is asked for without further wait. */
	retry() {
		this.#failures = 0;
		this.#isBack = true;
		if (this.#owed && !this.#asking) this.#sendIn(0);
	}

	#sendIn(milliseconds) {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#send(), milliseconds);
	}

	async #send() {
		this.#owed = false;
		this.#asking = true;
		this.#isBack = false;
		const request = new AbortController();
		const timeout = setTimeout(() => request.abort(), TIMEOUT);
		try {
			this.#state.show(await this.#state.ask(request.signal));
			this.#failures = 0;
		} catch (error) {
			this.#owed = true;
			if (!this.#isBack) {
				this.#failures++;
				this.#state.fail(error);
			}
		}
		clearTimeout(timeout);
		this.#asking = false;
		if (this.#owed) this.#sendIn(this.#wait());
	}

	/** Between half and all of what doubles with each failure: pages that failed together come back apart. */
	#wait() {
		if (this.#failures === 0) return 0;
		const most = Math.min(RETRY_MIN * 2 ** (this.#failures - 1), RETRY_MAX);
		return (most / 2) * (1 + Math.random());
	}
}
