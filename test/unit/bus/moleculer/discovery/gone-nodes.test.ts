import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Loss } from "../../../../../mixins/sse/bus/loss.ts";
import { GoneNodes } from "../../../../../mixins/sse/bus/moleculer/discovery/gone-nodes.ts";
import { SequenceTracker } from "../../../../../mixins/sse/bus/moleculer/tracking/sequence-tracker.ts";
import { useFakeTimers } from "../../../../support/fake-timers.ts";

const HALF_A_MINUTE = 30_000;

describe("a node that has gone", () => {
	beforeEach(() => void useFakeTimers());
	afterEach(() => void jest.useRealTimers());

	/** What a gateway knows of a node `n`, which has sent some events. */
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
				answers: [],
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

	it("may have sent more than has come, and is told half a minute later", () => {
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

	it("is not waited for if it has said where it ends, and all of that has come", () => {
		const { gone, hear, losses } = create(2);
		hear("aaaaaaaa", 2, true);
		gone.miss("n", "one");
		expect(gone.areSettled).toBe(true);
		expect(losses).toEqual([]);
	});

	// An outage longer than that told everybody, though nothing had been sent.
	it("has that time while this gateway is connected, and not before", () => {
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

	// Of one whose id came back without the sender's half, no id was given for ever, and nothing was told.
	it("and is back is asked until it answers, if it can be asked; else it is told like any", () => {
		const { gone, losses, asking } = create(2);
		gone.miss("n", "one");
		gone.meet("n", "two");
		asking.awaited = asking.asked = true;
		jest.advanceTimersByTime(10 * HALF_A_MINUTE);
		gone.look();
		expect(losses).toEqual([]);
		// it has lost its services before it answered, and hangs in its stop: it cannot be asked any more
		asking.asked = false;
		gone.look();
		expect(losses).toHaveLength(1);
		expect(gone.areSettled).toBe(true);
	});

	it("without having sent anything is nobody's loss, unless this gateway turns out to have been away", () => {
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

	// A node that was restarted, and lived, was told as ended when the transporter was connected anew; and when that was mended,
	// what its former process might have sent in the outage was told by nobody.
	it("and has been replaced is told by the new one's answer, and that one is not taken for gone", () => {
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

	// Its end was read behind the news that it had gone: it stayed among the quiet ones, and the next reconnection told everybody.
	it.each([
		["of that process", "one", true],
		["of another", "two", false]
	])(
		"without having sent anything is done with when the end %s is heard",
		(_, instance, isDone) => {
			const { gone } = create(0);
			gone.miss("n", "one");
			gone.end("n", instance, true);
			gone.away();
			expect(gone.areSettled).toBe(isDone);
		}
	);

	it("and is back says itself what it has sent, whenever this gateway was away", () => {
		const { gone } = create(0);
		gone.miss("n", "one");
		gone.meet("n", "one");
		gone.away();
		expect(gone.areSettled).toBe(true);
	});

	it.each([
		["another process", "two", true],
		["the same", "one", false]
	])(
		"before it had answered may have sent something if %s comes in its place",
		(_, next, isLoss) => {
			const { gone, asking } = create(0);
			asking.awaited = true;
			gone.miss("n", "one");
			expect(gone.answer("n")).toBe(false);
			expect(gone.areSettled).toBe(false);
			gone.meet("n", next);
			expect(gone.answer("n")).toBe(isLoss);
			expect(gone.areSettled).toBe(true);
		}
	);

	it("is suspected by what another node takes to be there, until it is met, or counts as ended", () => {
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

	// The suspicion of a later process was dropped because an earlier one of that node was waited for, and went with that one.
	it("is waited for apart from others of its node", () => {
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

	// It was asked, went, and said where it ends: its last event came behind that, and all were told half a minute later.
	it("before it had answered is known by the end that it says, once all of that has come", () => {
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

	// What came of the process before it, and then of itself, made it the one that had replaced itself: its answer told all.
	it("is not replaced by itself, whichever process of its node was heard of before it", () => {
		const { gone } = create(0);
		gone.suspect("n", "two");
		gone.meet("n", "one");
		gone.meet("n", "two");
		expect(gone.answer("n")).toBe(false);
		expect(gone.areSettled).toBe(true);
	});

	it("is told again if another node still takes it to be there", () => {
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
