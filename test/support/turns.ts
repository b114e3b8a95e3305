/** Milliseconds between two checks. */
const LOOK = 10;

/**
 * Measures what turns of the event loop compute, until it is stopped: in milliseconds of this thread's CPU time, because other
 * computations on the machine also delay a turn.
 */
export class Turns {
	#longest = 0;
	#last = cpu();
	readonly #timer: NodeJS.Timeout = setInterval(() => this.#look(), LOOK);

	/** The longest turn since the last call. */
	takeLongest(): number {
		this.#look();
		const longest = this.#longest;
		this.#longest = 0;
		return longest;
	}

	stop(): void {
		clearInterval(this.#timer);
	}

	#look(): void {
		const now = cpu();
		this.#longest = Math.max(this.#longest, now - this.#last);
		this.#last = now;
	}
}

/** Milliseconds that this thread has computed. */
function cpu(): number {
	const { user, system } = process.threadCpuUsage();
	return (user + system) / 1000;
}
