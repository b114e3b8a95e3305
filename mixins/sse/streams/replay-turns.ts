import { Queue } from "../core/collections/queue.ts";
import { guard } from "../core/errors/guard.ts";

/** Milliseconds that all pieces together take of one turn of the event loop; a piece that has begun is finished. */
const PART_OF_TURN = 5;

/**
 * Long work that is done piece by piece: tasks take turns, and between them the event loop has its own. Node runs everything
 * that `setImmediate` was given in one turn, however much that is.
 */
export class Turns {
	readonly #waiting = new Queue<() => void>();
	#isScheduled = false;

	/** @param failed Gets what the piece throws, and must not throw itself: the pieces of others wait behind this one. */
	later(piece: () => void, failed: (error: Error) => void): void {
		this.#waiting.push(guard(failed, piece));
		this.#schedule();
	}

	#schedule(): void {
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		setImmediate(this.#run);
	}

	readonly #run = (): void => {
		this.#isScheduled = false;
		const began = performance.now();
		// What these pieces schedule is for a later turn.
		for (let count = this.#waiting.length; count > 0; count--) {
			this.#waiting.shift()?.();
			if (performance.now() - began > PART_OF_TURN) break;
		}
		if (this.#waiting.length > 0) this.#schedule();
	};
}
