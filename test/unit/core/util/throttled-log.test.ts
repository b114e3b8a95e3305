import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { ThrottledLog } from "../../../../mixins/sse/core/util/throttled-log.ts";
import { useFakeTimers } from "../../../support/fake-timers.ts";

describe("a log of what may happen very often", () => {
	const lines: string[] = [];
	let log: ThrottledLog;

	beforeEach(() => {
		useFakeTimers();
		lines.length = 0;
		log = new ThrottledLog(text => void lines.push(text));
	});
	afterEach(() => {
		jest.useRealTimers();
	});

	it("has each reason at once, and not again", () => {
		for (let n = 0; n < 100; n++) {
			log.add("the store is down\n    at find");
			log.add("the rate limit is reached");
		}

		expect(lines).toEqual(["the store is down\n    at find", "the rate limit is reached"]);
	});

	// It logs in timers, and before a request is answered.
	it("is not disturbed by a logger that throws", () => {
		const failing = new ThrottledLog(() => {
			throw new Error("the disk is full");
		});
		failing.add("the store is down");
		failing.add("the store is down");

		expect(() => jest.advanceTimersByTime(5000)).not.toThrow();
	});

	it("has, after a while, how many there were, and the last of them", () => {
		for (let n = 0; n < 100; n++) log.add("the store is down\n    at find");
		jest.advanceTimersByTime(5000);
		for (let n = 0; n < 100; n++) log.add("the store is down\n    at find");
		jest.advanceTimersByTime(5000);
		jest.advanceTimersByTime(60_000);

		expect(lines).toEqual([
			"the store is down\n    at find",
			"(99 more in 5 seconds) the store is down\n    at find",
			"the store is down\n    at find",
			"(99 more in 5 seconds) the store is down\n    at find"
		]);
	});

	it("has a few lines, however many different reasons there are", () => {
		for (let n = 0; n < 1000; n++) log.add(`no user ${n}`);
		expect(lines).toHaveLength(10);
		jest.advanceTimersByTime(5000);

		expect(lines).toHaveLength(11);
		expect(lines[10]).toBe("(990 more in 5 seconds) no user 999");
	});

	it("has a reason again when it has not occurred for a while", () => {
		log.add("the store is down");
		jest.advanceTimersByTime(5000);
		log.add("the store is down");

		expect(lines).toEqual(["the store is down", "the store is down"]);
	});
});
