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

	// A link was silent for three seconds, in which a report after one second and one after three were lost. Four seconds later the
	// gateway knew of the event that it had missed: its client was on another gateway by then, which reaches back for five.
	it("is reported each second for four seconds after its last event, and then at growing intervals of up to a minute", () => {
		const { told, quiet, one } = create();
		quiet.begin(one as Sequence, performance.now());
		jest.advanceTimersByTime(250_000);
		expect(told.get(one as Sequence)).toEqual([1, 2, 3, 4, 6, 10, 18, 34, 66, 126, 186, 246]);
	});

	// The position of a sender that sends twice a second was never reported: gateways asked it after 70 seconds, again and
	// again.
	it("that is never quiet is reported once a minute", () => {
		const { told, quiet, one } = create();
		keepBusy(quiet, one as Sequence, 200_000, 500);
		expect(told.get(one as Sequence)).toEqual([60, 120, 180]);
	});

	it("that is busy does not keep another one from being reported", () => {
		const { told, quiet, one, other } = create();
		quiet.begin(other as Sequence, performance.now());
		keepBusy(quiet, one as Sequence, 10_000, 500);
		expect(told.get(other as Sequence)).toEqual([1, 2, 3, 4, 6, 10]);
		expect(told.has(one as Sequence)).toBe(false);
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
