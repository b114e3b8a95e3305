/** Parts of a wait, in each of which the event loop turns. */
const PARTS = 5;

/**
 * Waits for a client to take something, for a number of milliseconds in which the process runs. After a time in which it was
 * busy, or stopped, Node's timers are due before anything is written or read that had to wait, and the client would be blamed
 * for that.
 */
export class Patience {
	readonly #part: number;
	readonly #onOver: () => void;
	#left = PARTS;
	#timer: NodeJS.Timeout;

	constructor(milliseconds: number, onOver: () => void) {
		this.#part = milliseconds / PARTS;
		this.#onOver = onOver;
		this.#timer = setTimeout(this.#next, this.#part);
	}

	/** Stops waiting. */
	stop(): void {
		clearTimeout(this.#timer);
	}

	readonly #next = (): void => {
		if (--this.#left === 0) this.#onOver();
		else this.#timer = setTimeout(this.#next, this.#part);
	};
}
