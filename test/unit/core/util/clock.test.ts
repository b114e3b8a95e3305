import { describe, expect, it } from "@jest/globals";
import { Clock, readClocks, TOLERANCE, wallOf } from "../../../../mixins/sse/core/util/clock.ts";

/** Clocks that a test moves; they start at different times. */
function create() {
	const time = { wall: 1_000_000, steady: 500 };
	const clock = new Clock(
		() => time.wall,
		() => time.steady
	);
	const pass = (duration: number) => {
		time.wall += duration;
		time.steady += duration;
	};
	return { time, clock, pass };
}

/** Since when the gateway knows what happens, by the wall clock as it is set now. */
function begun(clock: Clock): number {
	const now = clock.now();
	return wallOf(clock.begun, now);
}

describe("a gateway's clocks", () => {
	it("show both times, and convert from one to the other", () => {
		const { clock, pass } = create();
		pass(2000);
		const now = clock.now();

		expect(now).toEqual({ wall: 1_002_000, steady: 2500 });
		expect(wallOf(1500, now)).toBe(1_001_000);
		expect(wallOf(clock.begun, now)).toBe(1_000_000);
	});

	it("judge the past by the wall clock as it is now, however it was set meanwhile", () => {
		const { time, clock, pass } = create();
		time.wall += 3_600_000;
		pass(2000);

		expect(begun(clock)).toBe(4_600_000);
		expect(clock.wasSetBack).toBe(false);
	});

	it.each([
		["at once", 1],
		["little by little", 100]
	])("start again when the wall clock is set back by more than the tolerance, %s", (_, steps) => {
		const { time, clock, pass } = create();
		const back = (by: number) => {
			for (let step = 0; step < steps; step++) {
				time.wall -= by / steps;
				pass(10);
				clock.now();
			}
		};
		back(TOLERANCE);
		expect(clock.wasSetBack).toBe(false);
		expect(begun(clock)).toBeCloseTo(990_000, 3);
		back(steps);

		expect(clock.wasSetBack).toBe(true);
		// at the first of the steps that took it too far
		expect(time.wall - begun(clock)).toBeLessThanOrEqual(10 * steps);
	});

	it("start again when the wall clock is set back to the right time after it was wrong", () => {
		const { time, clock } = create();
		time.wall += 60_000;
		clock.now();
		time.wall -= 60_000;

		clock.now();
		expect(clock.wasSetBack).toBe(true);
	});

	it("have a beginning, before which nothing counts", () => {
		const { time, clock, pass } = create();
		time.wall -= 60_000;
		clock.now();
		pass(5000);
		clock.begin();

		expect(clock.wasSetBack).toBe(false);
		expect(begun(clock)).toBe(time.wall);
	});
});

// A paused process read its two clocks 10 ms apart: a stream seemed to have been opened before its request.
describe("two clocks that are read together", () => {
	it("show one moment, though the process is paused between two readings", () => {
		let now = 0;
		let pauses = 3;
		const read = (): number => {
			now += pauses-- > 0 ? 10 : 0.001;
			return now;
		};
		const { wall, steady } = readClocks(read, read);
		expect(Math.abs(wall - steady)).toBeLessThan(1);
	});

	it("show the closest that there is on a machine that pauses it each time", () => {
		let now = 0;
		const read = (): number => {
			now += 5;
			return now;
		};
		const { wall, steady } = readClocks(read, read);
		expect(steady - wall).toBe(5);
	});
});
