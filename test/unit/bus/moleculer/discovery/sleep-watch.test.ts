import { describe, expect, it } from "@jest/globals";
import { SleepWatch } from "../../../../../mixins/sse/bus/moleculer/discovery/sleep-watch.ts";

/** Two clocks, and the watch that reads them. */
function watched() {
	const clocks = { wall: 1_000_000, steady: 500 };
	const watch = new SleepWatch(
		() => clocks.wall,
		() => clocks.steady
	);
	const pass = (wall: number, steady = wall): void => {
		clocks.wall += wall;
		clocks.steady += steady;
	};
	return { watch, pass };
}

describe("a process that does not run", () => {
	it("is not one whose checks are as late as those of a busy one", () => {
		const { watch, pass } = watched();
		for (const late of [0, 400, 5000, 0]) {
			pass(1000 + late);
			expect(watch.wasAsleep(1000)).toBe(false);
		}
		expect(watch.awakeSince).toBe(Number.NEGATIVE_INFINITY);
	});

	it("was stopped, if its check is later than that", () => {
		const { watch, pass } = watched();
		pass(6001);
		expect(watch.wasAsleep(1000)).toBe(true);
		pass(1000);
		expect(watch.wasAsleep(1000)).toBe(false);
		expect(watch.awakeSince).toBe(Number.NEGATIVE_INFINITY);
	});

	// A loss was dated before the machine was suspended, and nobody was told of it.
	it("was suspended with its machine, if the steady clock stood still", () => {
		const { watch, pass } = watched();
		pass(60_000, 300);
		expect(watch.wasSuspended()).toBe(true);
		expect(watch.wasSuspended()).toBe(false);
		expect(watch.awakeSince).toBe(800);
		pass(3000, 1000);
		expect(watch.wasAsleep(1000)).toBe(true);
		expect(watch.awakeSince).toBe(1800);
		expect(watch.stoodStill).toBe(59_700 + 2000);
	});

	it("is not one whose wall clock is set back, or forward a little", () => {
		const { watch, pass } = watched();
		for (const wall of [-3_600_000, 1900]) {
			pass(wall + 1000, 1000);
			expect(watch.wasAsleep(1000)).toBe(false);
		}
		expect(watch.stoodStill).toBe(0);
	});
});
