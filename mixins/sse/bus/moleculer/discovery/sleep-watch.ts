/** Milliseconds by which a check may be late before the process counts as asleep: it was stopped, or busy. */
const ASLEEP = 5000;
/** Milliseconds by which two clocks diverge if one of them stood still. */
const STANDSTILL = 2000;

/**
 * Notices that this process did not run for a while: other nodes may have taken it for gone. While the whole machine is
 * suspended, its steady clock stands still too, so no duration across that time can be computed.
 */
export class SleepWatch {
	readonly #wall: () => number;
	readonly #steady: () => number;
	#lead: number;
	#lookedAt: number;
	#awakeSince = Number.NEGATIVE_INFINITY;
	#stoodStill = 0;

	/**
	 * @param wall Milliseconds since 1970.
	 * @param steady Milliseconds on a clock that is never set.
	 */
	constructor(
		wall: () => number = () => Date.now(),
		steady: () => number = () => performance.now()
	) {
		this.#wall = wall;
		this.#steady = steady;
		this.#lead = wall() - steady();
		this.#lookedAt = steady();
	}

	/** When the machine last woke up, on the steady clock; -Infinity if it was not suspended. */
	get awakeSince(): number {
		return this.#awakeSince;
	}

	/** Milliseconds for which the steady clock has stood still in all. */
	get stoodStill(): number {
		return this.#stoodStill;
	}

	/** Whether the machine was suspended since the last call: the wall clock advanced, and the steady one did not. */
	wasSuspended(): boolean {
		const steady = this.#steady();
		const lead = this.#wall() - steady;
		const gained = lead - this.#lead;
		this.#lead = lead;
		if (gained < STANDSTILL) return false;
		this.#stoodStill += gained;
		this.#awakeSince = steady;
		return true;
	}

	/** Whether the process was asleep since the last check. @param interval Milliseconds between two checks. */
	wasAsleep(interval: number): boolean {
		const now = this.#steady();
		const late = now - this.#lookedAt - interval;
		this.#lookedAt = now;
		return this.wasSuspended() || late > ASLEEP;
	}
}
