import { jest } from "@jest/globals";
import { onTestFinished } from "./on-test-finished.ts";

/** The clocks of this process, as `Date.now()` and `performance.now()` show them. Timers are not affected. */
export interface StubbedClocks {
	/** Makes time pass, in milliseconds. */
	pass(duration: number): void;
	/** Sets the wall clock forward, or back if negative, by milliseconds. */
	setWall(by: number): void;
}

/** Clocks that a test can move, until it ends. */
export function stubClocks(): StubbedClocks {
	const wall = Date.now;
	const steady = performance.now.bind(performance);
	let passed = 0;
	let set = 0;
	const spies = [
		jest.spyOn(Date, "now").mockImplementation(() => wall() + passed + set),
		jest.spyOn(performance, "now").mockImplementation(() => steady() + passed)
	];
	onTestFinished(() => {
		for (const spy of spies) spy.mockRestore();
	});
	return {
		pass(duration) {
			passed += duration;
		},
		setWall(by) {
			set += by;
		}
	};
}
