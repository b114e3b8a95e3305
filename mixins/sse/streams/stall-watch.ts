import type { EventStream } from "./event-stream.ts";

/** Ends the streams whose clients take nothing of what is unsent. */
export class StallWatch {
	readonly #timeout: number;
	readonly #longest: number;
	/** `performance.now()` of the last tick. */
	#tickedAt = 0;
	/** Milliseconds for which the process has run: no client can take anything while it does not. */
	#running = 0;

	/**
	 * @param timeout Milliseconds after which such a stream is ended; 0 = never.
	 * @param tick Milliseconds between two ticks; after more than twice as many, the process did not run.
	 */
	constructor(timeout: number, tick: number) {
		this.#timeout = timeout;
		this.#longest = 2 * tick;
	}

	/** Ticks follow from now on. @param now `performance.now()`. */
	start(now: number): void {
		this.#tickedAt = now;
	}

	/** All streams are about to be checked. @param now `performance.now()`. */
	tick(now: number): void {
		this.#running += Math.min(now - this.#tickedAt, this.#longest);
		this.#tickedAt = now;
	}

	/** @returns Whether it has ended the stream. */
	endIfStalled(stream: EventStream): boolean {
		if (this.#timeout === 0 || !stream.isStalled(this.#running, this.#timeout)) return false;
		stream.destroy("stalled");
		return true;
	}
}
