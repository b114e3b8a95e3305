import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { ReadFirstTimer } from "../../../../../mixins/sse/bus/moleculer/receiver/read-first-timer.ts";
import { useFakeTimers } from "../../../../support/fake-timers.ts";

describe("a decision about what has not arrived", () => {
	beforeEach(() => void useFakeTimers());
	afterEach(() => void jest.useRealTimers());

	function decisionAt(next: () => number) {
		const decided = jest.fn();
		const timer = new ReadFirstTimer(next, decided, () => {});
		return { timer, decided };
	}

	it("is made when it is due, and again for what is due next", () => {
		const dues = [performance.now() + 500, performance.now() + 900, Number.POSITIVE_INFINITY];
		const { timer, decided } = decisionAt(() => dues[decided.mock.calls.length] as number);
		timer.schedule();
		timer.schedule();
		jest.advanceTimersByTime(499);
		expect(decided).not.toHaveBeenCalled();
		jest.advanceTimersByTime(2);
		expect(decided).toHaveBeenCalledTimes(1);
		jest.advanceTimersByTime(10_000);
		expect(decided).toHaveBeenCalledTimes(2);
	});

	it("is made earlier if something is due earlier, and not at all once it is stopped", () => {
		let due = performance.now() + 500;
		const { timer, decided } = decisionAt(() => due);
		timer.schedule();
		due = performance.now() + 100;
		timer.schedule();
		due = Number.POSITIVE_INFINITY;
		jest.advanceTimersByTime(101);
		expect(decided).toHaveBeenCalledTimes(1);
		due = performance.now() + 100;
		timer.schedule();
		timer.stop();
		jest.advanceTimersByTime(1000);
		expect(decided).toHaveBeenCalledTimes(1);
	});

	// The missing events were still in the socket when a busy process got to its timers, and were reported as lost.
	it("gives a process that did not run for a while a moment to read what has arrived", () => {
		let due = performance.now() + 500;
		const { timer, decided } = decisionAt(() => due);
		timer.schedule();
		const busy = jest.spyOn(performance, "now").mockReturnValue(due + 300);
		jest.advanceTimersByTime(501);
		busy.mockRestore();
		jest.advanceTimersByTime(200);
		expect(decided).not.toHaveBeenCalled();
		due = Number.POSITIVE_INFINITY;
		jest.advanceTimersByTime(100);
		expect(decided).toHaveBeenCalledTimes(1);
	});
});
