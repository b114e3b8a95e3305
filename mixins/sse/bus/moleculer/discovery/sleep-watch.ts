/** Milliseconds that a look may be late before the process counts as having been asleep: it was stopped, or was busy. */
const ASLEEP = 5000;
/** Milliseconds by which two clocks differ in their pace when one of them stood still. */
const STANDSTILL = 2000;

/**
 * Notices that this process did not run for a while: other nodes may have taken it for gone. While the whole machine is
 * suspended its steady clock stands still as well, so that nothing can be reckoned on it across that time.
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
	 * @param steady Milliseconds of a clock that is never set.
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

	/** When the machine woke up last, on the steady clock; -Infinity if it was not suspended. */
	get awakeSince(): number {
		return this.#awakeSince;
	}

	/** Milliseconds for which the steady clock has stood still, in all. */
	get stoodStill(): number {
		return this.#stoodStill;
	}

	/** Whether the machine was suspended since that was asked last: the wall clock has gone on, and the steady one has not. */
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

	/** Whether the process was asleep since the last look. @param interval Milliseconds between two looks. */
	wasAsleep(interval: number): boolean {
		const now = this.#steady();
		const late = now - this.#lookedAt - interval;
		this.#lookedAt = now;
		return this.wasSuspended() || late > ASLEEP;
	}
}
