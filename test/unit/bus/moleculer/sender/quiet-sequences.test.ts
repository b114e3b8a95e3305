import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { QuietSequences } from "../../../../../mixins/sse/bus/moleculer/sender/quiet-sequences.ts";
import type { Sequence } from "../../../../../mixins/sse/bus/moleculer/sender/sequences.ts";
import { Sequences } from "../../../../../mixins/sse/bus/moleculer/sender/sequences.ts";
import { useFakeTimers } from "../../../../support/fake-timers.ts";

describe("a sequence", () => {
	beforeEach(() => void useFakeTimers());
	afterEach(() => void jest.useRealTimers());

	function create() {
		const told = new Map<Sequence, number[]>();
		const start = performance.now();
		const quiet = new QuietSequences((sequence, now) => {
			told.set(sequence, [...(told.get(sequence) ?? []), (now - start) / 1000]);
		});
		const sequences = new Sequences("n", "aaaaaaaa");
		return { told, quiet, one: sequences.of(undefined), other: sequences.of(["mail"]) };
	}

	/** Sends something once in so many milliseconds. */
	function keepBusy(quiet: QuietSequences, sequence: Sequence, duration: number, every: number) {
		for (let at = 0; at < duration; at += every) {
			quiet.begin(sequence, performance.now());
			jest.advanceTimersByTime(every);
		}
	}

	// Reports came at growing intervals, of up to a minute. A gateway that heard nothing in between did not know whether it had missed
	// something, and gave its clients ids from after that.
	it("is reported after one second, after three, and then every four", () => {
		const { told, quiet, one } = create();
		quiet.begin(one as Sequence, performance.now());
		jest.advanceTimersByTime(20_000);
		expect(told.get(one as Sequence)).toEqual([1, 3, 7, 11, 15, 19]);
	});

	it("of what goes to some groups is reported at growing intervals of up to a minute", () => {
		const { told, quiet, other } = create();
		quiet.begin(other as Sequence, performance.now());
		jest.advanceTimersByTime(250_000);
		expect(told.get(other as Sequence)).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243]);
	});

	// The position of a sender that sends twice a second was never reported: gateways asked it after 70 seconds, again and
	// again.
	it("that is never quiet is reported all the same: every four seconds, or once a minute if it goes to some groups", () => {
		const { told, quiet, one, other } = create();
		keepBusy(quiet, one as Sequence, 15_000, 500);
		expect(told.get(one as Sequence)).toEqual([4, 8, 12]);
		quiet.clear();
		keepBusy(quiet, other as Sequence, 200_000, 500);
		expect(told.get(other as Sequence)).toEqual([75, 135, 195]);
	});

	it("that is busy does not keep another one from being reported", () => {
		const { told, quiet, one, other } = create();
		quiet.begin(other as Sequence, performance.now());
		keepBusy(quiet, one as Sequence, 10_000, 500);
		expect(told.get(other as Sequence)).toEqual([1, 3, 7]);
		expect(told.get(one as Sequence)).toEqual([4, 8]);
	});

	it("is forgotten on request", () => {
		const { told, quiet, one } = create();
		quiet.begin(one as Sequence, performance.now());
		quiet.clear();
		jest.advanceTimersByTime(10_000);
		expect(told.size).toBe(0);
		expect(jest.getTimerCount()).toBe(0);
	});
});
