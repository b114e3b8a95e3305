/** What a gateway's two clocks show at one moment, in milliseconds. */
export interface Moment {
	/** Since 1970. It can be set, and other machines' clocks differ. */
	readonly wall: number;
	/**
	 * Since a moment of this process. It never jumps, may stand still while the machine is suspended, and means nothing to
	 * other processes.
	 */
	readonly steady: number;
}

/** Milliseconds by which the wall clocks of two gateways may differ. */
export const TOLERANCE = 10_000;

/**
 * A gateway's two clocks, and since when the gateway knows what happened. That starts again when the wall clock is set back:
 * otherwise something that had expired, and was forgotten for that reason, would seem valid again.
 */
export class Clock {
	readonly #wall: () => number;
	readonly #steady: () => number;
	/** The largest difference, wall minus steady, since the beginning or since the wall clock was set back. */
	#lead = 0;
	/** On the steady clock. */
	#begun = 0;
	#wasSetBack = false;

	constructor(wall: () => number, steady: () => number) {
		this.#wall = wall;
		this.#steady = steady;
		this.begin();
	}

	/** The gateway knows what happens from now on. */
	begin(): void {
		this.#begun = this.#steady();
		this.#lead = this.#wall() - this.#begun;
		this.#wasSetBack = false;
	}

	/** Reads both clocks, and notices if the wall clock was set back by more than the tolerance. */
	now(): Moment {
		const steady = this.#steady();
		const wall = this.#wall();
		const lead = wall - steady;
		if (lead < this.#lead - TOLERANCE) {
			this.#lead = lead;
			this.#begun = steady;
			this.#wasSetBack = true;
		}
		this.#lead = Math.max(this.#lead, lead);
		return { wall, steady };
	}

	/** Whether the wall clock was set back since `begin` was called. */
	get wasSetBack(): boolean {
		return this.#wasSetBack;
	}

	/** Since when the gateway knows what happens, on the steady clock. */
	get begun(): number {
		return this.#begun;
	}
}

/** Times that two clocks are read until no pause of the process comes between. */
const READINGS = 5;
/** Milliseconds between two readings that count as one moment. */
const AT_ONCE = 1;

/** What both clocks show now. A busy machine may pause a process between two readings: then they are read again. */
export function readClocks(
	readWall: () => number = Date.now,
	readSteady: () => number = () => performance.now()
): Moment {
	let closest = Number.POSITIVE_INFINITY;
	let moment: Moment = { wall: 0, steady: 0 };
	for (let n = 0; n < READINGS && closest > AT_ONCE; n++) {
		const before = readSteady();
		const wall = readWall();
		const steady = readSteady();
		if (steady - before >= closest) continue;
		closest = steady - before;
		moment = { wall, steady };
	}
	return moment;
}

/** What the wall clock, as it is set now, would have shown at a past moment. */
export function wallOf(steady: number, now: Moment): number {
	return now.wall - (now.steady - steady);
}

/** When something arrived, on the steady clock: now; for something of the past, as long ago as the wall clock says. */
export function arrivalOf(past: number | undefined): number {
	const now = performance.now();
	return past === undefined ? now : now - Math.max(0, Date.now() - past);
}
