import { Queue } from "../core/collections/queue.ts";
import type { LetGo } from "./transport.ts";

export interface Detachable {
	settle(letGo: LetGo): void;
}

/** Milliseconds after a request was handled in which other code that waited for that finishes, too. */
const SETTLING = 10;

/** The streams that have just opened, and the one timer that settles them. */
export class DetachQueue {
	readonly #queue = new Queue<{ stream: Detachable; at: number }>();
	readonly #letGo: LetGo;
	#timer: NodeJS.Timeout | undefined;

	/** @param letGo Applied to request and response of streams that nothing observes. */
	constructor(letGo: LetGo) {
		this.#letGo = letGo;
	}

	add(stream: Detachable): void {
		this.#queue.push({ stream, at: performance.now() + SETTLING });
		this.#timer ??= setTimeout(this.#settle, SETTLING).unref();
	}

	readonly #settle = (): void => {
		const now = performance.now();
		let next = this.#queue.at(0);
		for (; next !== undefined && next.at <= now; next = this.#queue.at(0)) {
			this.#queue.shift();
			next.stream.settle(this.#letGo);
		}
		this.#timer = next && setTimeout(this.#settle, next.at - now).unref();
	};
}
