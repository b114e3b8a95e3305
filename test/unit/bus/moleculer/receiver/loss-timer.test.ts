import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { LossTimer } from "../../../../../mixins/sse/bus/moleculer/receiver/loss-timer.ts";
import { useFakeTimers } from "../../../../support/fake-timers.ts";

describe("a decision about what has not arrived", () => {
	beforeEach(() => void useFakeTimers());
	afterEach(() => void jest.useRealTimers());

	function decisionAt(next: () => number) {
		const decided = jest.fn();
		const lossTimer = new LossTimer(next, decided, () => {});
		return { decision: lossTimer, decided };
	}

	it("is made when it is due, and again for what is due next", () => {
		const dues = [performance.now() + 500, performance.now() + 900, Number.POSITIVE_INFINITY];
		const { decision: lossTimer, decided } = decisionAt(
			() => dues[decided.mock.calls.length] as number
		);
		lossTimer.schedule();
		lossTimer.schedule();
		jest.advanceTimersByTime(499);
		expect(decided).not.toHaveBeenCalled();
		jest.advanceTimersByTime(2);
		expect(decided).toHaveBeenCalledTimes(1);
		jest.advanceTimersByTime(10_000);
		expect(decided).toHaveBeenCalledTimes(2);
	});

	it("is made earlier if something is due earlier, and not at all once it is stopped", () => {
		let due = performance.now() + 500;
		const { decision: lossTimer, decided } = decisionAt(() => due);
		lossTimer.schedule();
		due = performance.now() + 100;
		lossTimer.schedule();
		due = Number.POSITIVE_INFINITY;
		jest.advanceTimersByTime(101);
		expect(decided).toHaveBeenCalledTimes(1);
		due = performance.now() + 100;
		lossTimer.schedule();
		lossTimer.stop();
		jest.advanceTimersByTime(1000);
		expect(decided).toHaveBeenCalledTimes(1);
	});

	// The missing events were still in the socket when a busy process got to its timers, and were reported as lost.
	it("gives a process that did not run for a while a moment to read what has arrived", () => {
		let due = performance.now() + 500;
		const { decision: lossTimer, decided } = decisionAt(() => due);
		lossTimer.schedule();
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
