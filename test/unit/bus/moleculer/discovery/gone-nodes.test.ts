import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Loss } from "../../../../../mixins/sse/bus/loss.ts";
import { GoneNodes } from "../../../../../mixins/sse/bus/moleculer/discovery/gone-nodes.ts";
import { SequenceTracker } from "../../../../../mixins/sse/bus/moleculer/tracking/sequence-tracker.ts";
import { useFakeTimers } from "../../../../support/fake-timers.ts";

const HALF_A_MINUTE = 30_000;

describe("a node that has left", () => {
	beforeEach(() => void useFakeTimers());
	afterEach(() => void jest.useRealTimers());

	/** What a gateway knows of a node `n` that has sent some events. */
	function create(seq: number) {
		const losses: Loss[] = [];
		const tracker = new SequenceTracker<number>({
			handOn() {},
			failed() {},
			lost: loss => void losses.push(loss)
		});
		const hear = (epoch: string, upTo: number, isEnd = false) => {
			const report = {
				epoch,
				seq: upTo,
				age: 9000,
				up: 9000,
				isEnd,
				next: 0,
				answers: [],
				apart: [],
				gone: [],
				here: []
			};
			tracker.hear("n", report, performance.now());
		};
		hear("aaaaaaaa", 0);
		for (let n = 1; n <= seq; n++) {
			tracker.observe({ origin: "n", epoch: "aaaaaaaa", seq: n }, n, performance.now(), 1);
		}
		const asking = {
			isAway: false,
			awaited: false,
			asked: false,
			isAwaited: () => asking.awaited,
			isAsked: () => asking.asked
		};
		return { losses, continuity: tracker, hear, asking, gone: new GoneNodes(tracker, asking) };
	}

	it("may have sent more than has arrived, which is reported half a minute later", () => {
		const { gone, losses } = create(2);
		gone.miss("n", "one");
		expect(gone.areSettled).toBe(false);
		jest.advanceTimersByTime(HALF_A_MINUTE - 1);
		gone.look();
		expect(losses).toEqual([]);
		jest.advanceTimersByTime(1);
		gone.look();
		expect(losses).toHaveLength(1);
		expect(gone.areSettled).toBe(true);
	});

	it("is not waited for if it has reported its end, and everything before that has arrived", () => {
		const { gone, hear, losses } = create(2);
		hear("aaaaaaaa", 2, true);
		gone.miss("n", "one");
		expect(gone.areSettled).toBe(true);
		expect(losses).toEqual([]);
	});

	// An outage longer than that reset everybody, though nothing had been sent.
	it("has that half minute while this gateway is connected, and not before", () => {
		const { gone, losses, asking } = create(2);
		gone.miss("n", "one");
		asking.isAway = true;
		jest.advanceTimersByTime(10 * HALF_A_MINUTE);
		gone.look();
		expect(losses).toEqual([]);
		asking.isAway = false;
		gone.away();
		gone.look();
		jest.advanceTimersByTime(HALF_A_MINUTE - 1);
		gone.look();
		expect(losses).toEqual([]);
	});

	// If its id came back without the sender's half, no id was given any more, and nothing was reported.
	it("and is back is asked until it answers, if it can be asked; otherwise it is reported like any other", () => {
		const { gone, losses, asking } = create(2);
		gone.miss("n", "one");
		gone.meet("n", "two");
		asking.awaited = asking.asked = true;
		jest.advanceTimersByTime(10 * HALF_A_MINUTE);
		gone.look();
		expect(losses).toEqual([]);
		// it lost its services before it answered, and hangs while it stops: it can no longer be asked
		asking.asked = false;
		gone.look();
		expect(losses).toHaveLength(1);
		expect(gone.areSettled).toBe(true);
	});

	it("without having sent anything is no loss, unless this gateway turns out to have been away", () => {
		const quiet = create(0);
		quiet.gone.miss("n", "one");
		expect(quiet.gone.areSettled).toBe(true);
		jest.advanceTimersByTime(120_000);
		quiet.gone.away();
		expect(quiet.gone.areSettled).toBe(true);

		const { gone, continuity: tracker, losses } = create(0);
		gone.miss("n", "one");
		jest.advanceTimersByTime(119_999);
		tracker.lives.away();
		gone.away();
		expect(gone.areSettled).toBe(false);
		jest.advanceTimersByTime(HALF_A_MINUTE);
		gone.look();
		expect(losses).toHaveLength(1);
	});

	// A node that was restarted, and was alive, was reported as ended when the transporter reconnected. Once that was fixed,
	// nobody reported what its former process might have sent in the outage.
	it("and was replaced is settled by the new process's answer, and the new process does not count as gone", () => {
		const { gone, losses, asking } = create(0);
		gone.miss("n", "one");
		gone.meet("n", "two");
		asking.awaited = asking.asked = true;
		gone.away();
		expect(gone.areSettled).toBe(false);
		jest.advanceTimersByTime(HALF_A_MINUTE);
		gone.look();
		expect(losses).toEqual([]);
		expect(gone.answer("n")).toBe(true);
		expect(gone.areSettled).toBe(true);
	});

	// Its end was read after the news that it had left. It stayed among the silent ones, and the next reconnect reset
	// everybody.
	it.each([
		["of that process", "one", true],
		["of another", "two", false]
	])("without having sent anything is settled when the end %s is heard", (_, instance, isDone) => {
		const { gone } = create(0);
		gone.miss("n", "one");
		gone.end("n", instance, true);
		gone.away();
		expect(gone.areSettled).toBe(isDone);
	});

	it("and is back reports itself what it has sent, whenever this gateway was away", () => {
		const { gone } = create(0);
		gone.miss("n", "one");
		gone.meet("n", "one");
		gone.away();
		expect(gone.areSettled).toBe(true);
	});

	it.each([
		["another process", "two", true],
		["the same", "one", false]
	])("before it had answered may have sent something if %s replaces it", (_, next, isLoss) => {
		const { gone, asking } = create(0);
		asking.awaited = true;
		gone.miss("n", "one");
		expect(gone.answer("n")).toBe(false);
		expect(gone.areSettled).toBe(false);
		gone.meet("n", next);
		expect(gone.answer("n")).toBe(isLoss);
		expect(gone.areSettled).toBe(true);
	});

	it("is suspected because another node lists it as present, until it is met or counts as ended", () => {
		const { gone, losses } = create(0);
		gone.suspect("job", "one");
		gone.meet("job", "one");
		expect(gone.answer("job")).toBe(false);
		expect(gone.areSettled).toBe(true);

		gone.suspect("other", "one");
		jest.advanceTimersByTime(HALF_A_MINUTE);
		gone.look();
		expect(losses).toMatchObject([{ origin: "other" }]);
	});

	// The suspicion of a later process was dropped, because an earlier one of that node was being waited for, and was settled
	// with it.
	it("is waited for separately from other processes of its node", () => {
		const { gone, losses } = create(1);
		gone.miss("n", "one");
		gone.suspect("n", "two");
		gone.end("n", "one", true);
		expect(gone.areSettled).toBe(false);
		jest.advanceTimersByTime(HALF_A_MINUTE);
		const told = jest.fn();
		gone.look(told);
		expect(told.mock.calls).toEqual([["n", "two"]]);
		expect(losses).toMatchObject([{ origin: "n" }]);
		expect(gone.areSettled).toBe(true);
	});

	// It was asked, left, and reported its end. Its last event arrived after that, and everybody was reset half a minute later.
	it("before it had answered is settled by its reported end, once everything before that has arrived", () => {
		const { gone, hear, continuity: tracker, asking, losses } = create(0);
		asking.awaited = true;
		gone.miss("n", "one");
		hear("aaaaaaaa", 1, true);
		gone.end("n", "one", false);
		gone.look();
		expect(gone.areSettled).toBe(false);
		tracker.observe({ origin: "n", epoch: "aaaaaaaa", seq: 1 }, 1, performance.now(), 1);
		gone.look();
		expect(gone.areSettled).toBe(true);
		expect(losses).toEqual([]);
	});

	// Arrivals of the process before it, and then of itself, made it seem to have replaced itself: its answer reset everybody.
	it("is not replaced by itself, whichever process of its node was heard before it", () => {
		const { gone } = create(0);
		gone.suspect("n", "two");
		gone.meet("n", "one");
		gone.meet("n", "two");
		expect(gone.answer("n")).toBe(false);
		expect(gone.areSettled).toBe(true);
	});

	it("is reported again if another node still lists it as present", () => {
		const { gone, losses } = create(1);
		gone.miss("n", "one");
		jest.advanceTimersByTime(HALF_A_MINUTE);
		gone.look();
		gone.suspect("n", "one");
		jest.advanceTimersByTime(HALF_A_MINUTE);
		gone.look();
		expect(losses).toHaveLength(2);
	});
});
