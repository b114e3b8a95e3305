import { describe, expect, it } from "@jest/globals";
import type { Entry, Sent } from "../../chaos/log.ts";
import { assess, isRight } from "../../transporters/verdict.ts";

const sent = (n: number, at: number, sessionId = "*"): Sent => ({ from: "a", n, at, sessionId });
const opened: Entry = { kind: "opened", at: 10, resumed: false };
const event = (n: number, at: number): Entry => ({
	...{ kind: "event", at: at + 1, id: `a.${n}` },
	data: { from: "a", n, at }
});
const reset = (at: number, reason = "gap"): Entry => ({ kind: "reset", at, reason });

function verdictOf(events: readonly Sent[], entries: readonly Entry[], mayBeReset = false) {
	return assess([events], [{ log: { sessionId: "s", entries }, mayBeReset }]);
}

describe("a client of a cell", () => {
	it("that got everything is right", () => {
		const verdict = verdictOf([sent(1, 20), sent(2, 30)], [opened, event(1, 20), event(2, 30)]);
		expect(verdict).toMatchObject({ events: 2, delivered: 2, lost: 0, resets: 0, findings: [] });
		expect(isRight(verdict, false)).toBe(true);
	});

	it("that misses an event and is not reset has lost it silently", () => {
		const verdict = verdictOf([sent(1, 20), sent(2, 30)], [opened, event(1, 20), reset(25)]);
		expect(verdict).toMatchObject({ lost: 1, told: 0 });
		expect(isRight(verdict, true)).toBe(false);
	});

	it("that misses an event and is reset is right only if a fault has happened", () => {
		const verdict = verdictOf([sent(1, 20), sent(2, 30)], [opened, event(1, 20), reset(35)]);
		expect(verdict).toMatchObject({ lost: 0, told: 1, falseResets: 0 });
		expect(isRight(verdict, true)).toBe(true);
		expect(isRight(verdict, false)).toBe(false);
	});

	it("that missed nothing and is reset was reset wrongly, unless that is allowed", () => {
		const entries = [opened, event(1, 20), reset(25), reset(26)];
		const verdict = verdictOf([sent(1, 20)], entries);
		expect(verdict).toMatchObject({ lost: 0, told: 0, resets: 2, falseResets: 2 });
		expect(verdict.findings).toEqual(["s: missed nothing, and was reset (gap × 2)"]);
		expect(isRight(verdict, true)).toBe(false);
		expect(isRight(verdictOf([sent(1, 20)], entries, true), true)).toBe(true);
	});

	// It was reset on a gateway that had lost events, and got them on another one, to which it went with its old place.
	it("that lacked at its reset what it got afterwards was reset rightly", () => {
		const events = [sent(1, 20), sent(2, 30)];
		const late: Entry = { kind: "event", at: 700, id: "a.2", data: { from: "a", n: 2, at: 30 } };
		const verdict = verdictOf(events, [opened, event(1, 20), reset(500), late]);
		expect(verdict).toMatchObject({ delivered: 2, lost: 0, resets: 1, falseResets: 0 });
		const again = [opened, event(1, 20), event(2, 30), reset(500), late];
		expect(verdictOf(events, again).falseResets).toBe(1);
		const onItsWay = [opened, event(1, 20), reset(32), late];
		expect(verdictOf(events, onItsWay).falseResets).toBe(1);
	});

	// A gateway that joined a cluster had the stream open before its client heard of that.
	it("may be reset for what was sent while its stream was being opened, and not for what was sent long before", () => {
		const events = [sent(1, 5), sent(2, 300)];
		const late: Entry = { kind: "event", at: 301, id: "a.2", data: { from: "a", n: 2, at: 300 } };
		const openedSlowly: Entry = { ...opened, askedAt: 2 } as Entry;
		expect(verdictOf(events, [openedSlowly, late, reset(600)]).falseResets).toBe(0);
		const longBefore = [sent(1, opened.at - 250), sent(2, 300)];
		expect(verdictOf(longBefore, [opened, late, reset(600)]).falseResets).toBe(1);
	});

	// Two late gateways reset a stream for an event of 10 ms before it: the sender's report had needed 40 ms on a busy machine.
	it("may be reset for what was sent while the report of it could be under way", () => {
		const late: Entry = { kind: "event", at: 301, id: "a.2", data: { from: "a", n: 2, at: 300 } };
		const events = [sent(1, opened.at - 50), sent(2, 300)];
		expect(verdictOf(events, [opened, late, reset(600)]).falseResets).toBe(0);
	});

	it("is owed only what was sent while its stream was open", () => {
		const events = [sent(1, 5), sent(2, 8), sent(3, 20)];
		// one of those from before arrived all the same
		const verdict = verdictOf(events, [opened, event(2, 8), event(3, 20)]);
		expect(verdict).toMatchObject({ events: 1, delivered: 1, lost: 0, wrong: 0, findings: [] });
	});

	it("must not get an event twice on one stream, nor out of order", () => {
		const events = [sent(1, 20), sent(2, 30)];
		const twice = verdictOf(events, [opened, event(1, 20), event(1, 20), event(2, 30)]);
		expect(isRight(twice, true)).toBe(false);
		const late = verdictOf(events, [opened, event(2, 30), event(1, 20)]);
		expect(late.disordered).toBe(1);
		expect(isRight(late, true)).toBe(false);
	});
});
