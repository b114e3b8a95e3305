/** Milliseconds between two looks. */
const LOOK = 10;

/**
 * Watches what turns of the event loop compute, until it is stopped: in milliseconds of this thread's CPU, as what others
 * on the machine compute holds a turn up as well.
 */
export class Turns {
	#longest = 0;
	#last = cpu();
	readonly #timer: NodeJS.Timeout = setInterval(() => this.#look(), LOOK);

	/** The longest since this was asked last. */
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
