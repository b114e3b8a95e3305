import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { closeOver } from "../../../mixins/sse/streams/drain.ts";
import type { EventStream } from "../../../mixins/sse/streams/event-stream.ts";
import { useFakeTimers } from "../../support/fake-timers.ts";

const DRAIN = 5000;

const streams = (count: number) =>
	Array.from({ length: count }, (_, index) => index as unknown as EventStream);

beforeEach(() => {
	useFakeTimers(["setInterval", "clearInterval", "performance"]);
});
afterEach(() => {
	jest.useRealTimers();
});

/** When each of a number of streams was closed, in milliseconds since the beginning. */
function closings(count: number, longest: number): number[] {
	const began = performance.now();
	const times: number[] = [];
	closeOver(longest, streams(count), () => times.push(performance.now() - began));
	jest.advanceTimersByTime(2 * longest);
	return times;
}

describe("the streams of a node that stops are closed", () => {
	// It took all of `drain` however few they were: 5 s for one, longer than Jest waits for a hook, and than `tsx watch` and
	// people wait after Ctrl-C.
	it.each([
		[0, 0],
		[1, 0],
		[2, 10],
		[50, 490],
		[501, DRAIN],
		[5000, DRAIN]
	])("over a window that grows with their number: of %i within %i ms", (count, window) => {
		const times = closings(count, DRAIN);

		expect(times).toHaveLength(count);
		if (count === 0) return;
		expect(times[0]).toBe(0);
		expect(times.at(-1)).toBeGreaterThanOrEqual(window);
		// every 20 ms it is checked which are due
		expect(times.at(-1)).toBeLessThan(window + 20);
	});

	it("evenly", () => {
		const times = closings(5000, DRAIN);
		const perLook = Map.groupBy(times, time => time);

		for (const { length } of perLook.values()) expect(length).toBeLessThanOrEqual(21);
	});

	it("once each, in random order", () => {
		const closed: unknown[] = [];
		closeOver(DRAIN, streams(1000), stream => closed.push(stream));
		jest.advanceTimersByTime(DRAIN);

		expect([...closed].sort((a, b) => Number(a) - Number(b))).toEqual(streams(1000));
		expect(closed).not.toEqual(streams(1000));
	});

	it("no more, once all have left by themselves", () => {
		const close = jest.fn();
		const stop = closeOver(DRAIN, streams(1000), close);
		jest.advanceTimersByTime(100);
		const before = close.mock.calls.length;
		stop?.();
		jest.advanceTimersByTime(DRAIN);

		expect(before).toBeLessThan(100);
		expect(close).toHaveBeenCalledTimes(before);
		expect(jest.getTimerCount()).toBe(0);
	});
});
