import { guard } from "../../../core/errors/guard.ts";

/** Milliseconds of delay beyond which a timer shows that the process was busy, or had no processor. */
const LATE = 100;
/** Milliseconds that such a process gets to read what has arrived meanwhile. */
const GRACE = 250;

/**
 * A timer for decisions about what has not arrived. What arrived in time may still be in a socket, so the sockets are read
 * first; a process that did not run for a while gets a moment longer.
 */
export class ReadFirstTimer {
	/** Returns the `performance.now()` at which the next decision is due; Infinity if none is. */
	readonly #nextAt: () => number;
	readonly #decide: () => void;
	#timer: NodeJS.Timeout | undefined;
	#at = Number.POSITIVE_INFINITY;

	/** @param decide Called when a decision is due. */
	constructor(nextAt: () => number, decide: () => void, onFault: (error: Error) => void) {
		this.#nextAt = nextAt;
		this.#decide = guard(onFault, () => {
			this.#at = Number.POSITIVE_INFINITY;
			decide();
			this.schedule();
		});
	}

	/** Call this when a decision may be due earlier than before. */
	schedule(): void {
		const next = this.#nextAt();
		if (next >= this.#at) return;
		clearTimeout(this.#timer);
		this.#at = next;
		this.#timer = setTimeout(() => this.#come(), Math.max(1, next - performance.now())).unref();
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#at = Number.POSITIVE_INFINITY;
	}

	#come(): void {
		const isLate = performance.now() - this.#at > LATE;
		// Node runs timers before it reads sockets.
		if (isLate) this.#timer = setTimeout(this.#decide, GRACE).unref();
		else this.#timer = setTimeout(this.#decide, 1).unref();
	}
}
