import { guard } from "../../../core/errors/guard.ts";

/** Milliseconds by which a timer comes late on a process that was busy, or had no processor. */
const LATE = 100;
/** Milliseconds that such a process has to read what has come to it meanwhile. */
const GRACE = 250;

/**
 * Decides what is lost when its time has come. What has come by then may still stand in a socket: it is read first, and after a time in
 * which the process did not run, for a moment longer.
 */
export class LossTimer {
	/** `performance.now()` at which the next one is due; Infinity if none is. */
	readonly #nextAt: () => number;
	readonly #decide: () => void;
	#timer: NodeJS.Timeout | undefined;
	#at = Number.POSITIVE_INFINITY;

	/** @param decide Called when something is due. */
	constructor(nextAt: () => number, decide: () => void, onFault: (error: Error) => void) {
		this.#nextAt = nextAt;
		this.#decide = guard(onFault, () => {
			this.#at = Number.POSITIVE_INFINITY;
			decide();
			this.schedule();
		});
	}

	/** To be called when something may be due earlier than before. */
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
		// Timers come before sockets are read.
		if (isLate) this.#timer = setTimeout(this.#decide, GRACE).unref();
		else this.#timer = setTimeout(this.#decide, 1).unref();
	}
}
