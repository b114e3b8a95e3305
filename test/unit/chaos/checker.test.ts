import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isClean, judge, type Verdict } from "../../chaos/checker.ts";
import type { Entry, Sent } from "../../chaos/log.ts";

/** Event n of a sender is sent at n × 10, and its outcome is known a millisecond later. */
const sent = (from: string, count: number, sessionId: (n: number) => string = () => "A"): Sent[] =>
	Array.from({ length: count }, (_, index) => {
		const n = index + 1;
		return { from, n, at: n * 10, sessionId: sessionId(n) };
	});
interface Options {
	from?: string;
	id?: string;
	at?: number;
}
const event = (
	n: number,
	{ from = "s1", id = `${from}.e.${n}`, at = n * 10 + 1 }: Options = {}
): Entry => ({
	kind: "event",
	at,
	id,
	data: { from, n }
});
const opened = (resumed = false): Entry => ({ kind: "opened", at: 0, resumed });
const closed: Entry = { kind: "closed", at: 0 };
const reset = (at: number, reason = "gap"): Entry => ({ kind: "reset", at, reason });

/** The verdict on a client of session A that should get five events of one sender. */
const five = (...entries: Entry[]): Verdict =>
	judge([sent("s1", 5)], [{ sessionId: "A", entries }]);

const RIGHT = {
	events: 5,
	delivered: 5,
	repeats: 0,
	lost: 0,
	told: 0,
	resets: 0,
	foreign: 0,
	disordered: 0,
	doubles: 0,
	late: 0,
	needless: 0,
	groundless: 0,
	remarks: []
};
const events = (...ns: number[]) => ns.map(n => event(n));

describe("a correct log", () => {
	it("passes: everything, in order, once", () => {
		const verdict = five(opened(), ...events(1, 2, 3, 4, 5));
		expect(verdict).toEqual({ ...RIGHT, findings: [] });
		expect(isClean(verdict)).toBe(true);
	});

	it("passes over several streams, with what a resume repeats under the same id", () => {
		const verdict = five(
			opened(),
			...events(1, 2, 3),
			closed,
			opened(true),
			...events(2, 3, 4),
			closed,
			opened(true),
			...events(5)
		);
		expect(verdict).toEqual({ ...RIGHT, repeats: 2, findings: [] });
	});

	it("passes however senders interleave, each with its own events, those for all, and no other", () => {
		const two = [sent("s1", 6, n => (n % 2 ? "A" : "B")), sent("s2", 4, () => "*")];
		const of = (from: string, ...ns: number[]) => ns.map(n => event(n, { from }));
		const verdict = judge(two, [
			{
				sessionId: "A",
				entries: [...of("s2", 1, 2), ...of("s1", 1, 3), ...of("s2", 3, 4), event(5)]
			},
			{ sessionId: "B", entries: [event(2), ...of("s2", 1, 2, 3, 4), event(4), event(6)] }
		]);
		expect(verdict).toEqual({ ...RIGHT, events: 14, delivered: 14, findings: [] });
	});
});

describe("an event that is missing", () => {
	it("is lost, if nothing was reported", () => {
		const verdict = five(opened(), ...events(1, 2, 4, 5));
		expect(verdict).toMatchObject({ ...RIGHT, delivered: 4, lost: 1 });
		expect(verdict.findings[0]).toContain("A: lost: 1 of s1, 3 to 3");
		expect(isClean(verdict)).toBe(false);
	});

	it("is reported, if a reset came in between, live or with a new stream", () => {
		const told = { ...RIGHT, delivered: 4, told: 1, resets: 1, findings: [] };
		expect(five(opened(), ...events(1, 2), reset(41), ...events(4, 5))).toEqual(told);
		expect(five(opened(), ...events(1, 2), closed, opened(), reset(41), ...events(4, 5))).toEqual(
			told
		);
	});

	// What is reloaded then includes everything that had been sent by then, whatever older event arrives after it.
	it("is reported by a reset after it was sent and before the events after it; lost if the reset came too late", () => {
		const told = { delivered: 4, lost: 0, told: 1, resets: 1 };
		expect(five(opened(), event(1), reset(39), event(2), ...events(4, 5))).toMatchObject(told);
		const lost = { delivered: 4, lost: 1, told: 0, resets: 1 };
		expect(five(opened(), ...events(1, 2, 4), reset(49), event(5))).toMatchObject(lost);
	});

	it("is lost if it was sent after the reset: what was reloaded then does not include it", () => {
		const verdict = five(opened(), event(1), reset(25), ...events(4, 5));
		expect(verdict).toMatchObject({ delivered: 3, told: 1, lost: 1 });
		expect(verdict.findings[0]).toContain("3 to 3");
	});

	it("at the tail is lost without a reset, and reported with one", () => {
		expect(five(opened(), ...events(1, 2, 3))).toMatchObject({ delivered: 3, lost: 2 });
		expect(five(opened(), ...events(1, 2, 3), reset(60))).toMatchObject({ lost: 0, told: 2 });
	});

	it("at the head too, even if nothing arrived at all", () => {
		expect(five(opened(), ...events(2, 3, 4, 5))).toMatchObject({ lost: 1 });
		expect(five(opened())).toMatchObject({ events: 5, delivered: 0, lost: 5 });
		expect(five()).toMatchObject({ events: 5, delivered: 0, lost: 5 });
	});

	it("of one sender is not reported by what another sender's events show", () => {
		const two = [sent("s1", 3), sent("s2", 3)];
		const of = (from: string, ...ns: number[]) => ns.map(n => event(n, { from }));
		const entries = [...of("s1", 1, 2), reset(31), ...of("s2", 1, 2, 3)];
		const verdict = judge(two, [{ sessionId: "A", entries: [...entries, ...of("s1", 3)] }]);
		expect(verdict).toMatchObject({ delivered: 6, lost: 0, told: 0 });
		const holed = [...of("s1", 1), ...of("s2", 1), reset(31), ...of("s1", 3), ...of("s2", 2, 3)];
		expect(judge(two, [{ sessionId: "A", entries: holed }])).toMatchObject({ told: 1, lost: 0 });
	});

	it("that was reported, and arrives by a later stream's replay, is late, not lost, and not out of order", () => {
		const verdict = five(
			opened(),
			event(1),
			reset(31),
			event(3),
			closed,
			opened(true),
			...events(1, 2, 3, 4, 5)
		);
		expect(verdict).toEqual({ ...RIGHT, repeats: 2, late: 1, resets: 1, findings: [] });
	});
});

describe("a reset", () => {
	const all = events(1, 2, 3, 4, 5);

	it("is needless if its client had missed nothing, and groundless if nobody had", () => {
		const verdict = five(opened(), event(1), reset(25), ...events(2, 3, 4, 5));
		expect(verdict).toMatchObject({ lost: 0, told: 0, resets: 1, needless: 1, groundless: 1 });
		expect(verdict.remarks).toEqual([
			"A: needless reset, gap at 25: nobody had missed anything by then"
		]);
	});

	it("is groundless even if something is missed later", () => {
		expect(five(opened(), reset(5), ...events(1, 2), reset(41), ...events(4, 5))).toMatchObject({
			told: 1,
			resets: 2,
			needless: 1,
			groundless: 1
		});
	});

	it("is not groundless if others had missed something, or if the gateway says that it cannot know", () => {
		const others = judge(
			[sent("s1", 5, n => (n === 3 ? "B" : "A"))],
			[
				{ sessionId: "A", entries: [...events(1, 2), reset(35), ...events(4, 5)] },
				{ sessionId: "B", entries: [reset(35)] }
			]
		);
		expect(others).toMatchObject({ told: 1, resets: 2, needless: 1, groundless: 0 });
		expect(others.remarks).toEqual(["A: needless reset, gap at 35: it had missed nothing by then"]);
		const unknown = five(opened(), event(1), closed, opened(), reset(15, "unknown"), ...all);
		expect(unknown).toMatchObject({ needless: 1, groundless: 0 });
	});

	it("is justified by what was missed and arrived later, by a replay", () => {
		const late = [event(1), reset(31), event(3), closed, opened(true), ...all];
		expect(five(opened(), ...late)).toMatchObject({ late: 1, needless: 0, groundless: 0 });
	});
});

describe("an event whose sender ended before it knew what became of it", () => {
	const last = sent("s1", 5).map(event => (event.n === 3 ? { ...event, optional: true } : event));
	const of = (...entries: Entry[]) => judge([last], [{ sessionId: "A", entries }]);

	it("may be missing, and may arrive", () => {
		const without = of(opened(), ...events(1, 2, 4, 5));
		expect(without).toEqual({ ...RIGHT, events: 4, delivered: 4, findings: [] });
		expect(of(opened(), ...events(1, 2, 3, 4, 5))).toEqual({ ...RIGHT, findings: [] });
	});

	it("justifies a reset, and excuses no other event", () => {
		expect(of(opened(), ...events(1, 2), reset(35), ...events(4, 5)).groundless).toBe(0);
		expect(of(opened(), ...events(1, 4, 5))).toMatchObject({ lost: 1, events: 4 });
	});
});

describe("a wrong order", () => {
	it("is detected: two swapped", () => {
		const verdict = five(opened(), ...events(1, 3, 2, 4, 5));
		expect(verdict).toMatchObject({ ...RIGHT, disordered: 1 });
		expect(isClean(verdict)).toBe(false);
	});

	it("is detected in what was reported, on the same stream", () => {
		expect(five(opened(), event(1), reset(31), ...events(3, 2, 4, 5)).disordered).toBe(1);
	});

	it("is detected in what is repeated", () => {
		const verdict = five(opened(), ...events(1, 2, 3), closed, opened(true), ...events(3, 2, 4, 5));
		expect(verdict).toMatchObject({ repeats: 2, disordered: 1 });
	});
});

describe("what should not have arrived", () => {
	it("is foreign: another session's event, one that nobody sent, one without a mark", () => {
		const two = [sent("s1", 5, n => (n === 3 ? "B" : "A"))];
		const entries = [opened(), ...events(1, 2, 3, 4, 5)];
		const verdict = judge(two, [{ sessionId: "A", entries }]);
		expect(verdict).toMatchObject({ events: 4, delivered: 4, foreign: 1 });
		expect(isClean(verdict)).toBe(false);
		expect(five(opened(), ...events(1, 2, 3, 4, 5, 6)).foreign).toBe(1);
		expect(five(opened(), ...events(1, 2, 3, 4, 5), event(1, { from: "s9" })).foreign).toBe(1);
		const bare: Entry = { kind: "event", at: 0, id: "x", data: null };
		expect(five(opened(), bare, ...events(1, 2, 3, 4, 5)).foreign).toBe(1);
	});

	it("is a silent duplicate: the same event under another id; without an id it is a repeat", () => {
		const double = event(2, { id: "s1.e.99" });
		const verdict = five(opened(), ...events(1, 2), double, ...events(3, 4, 5));
		expect(verdict).toMatchObject({ ...RIGHT, doubles: 1 });
		expect(isClean(verdict)).toBe(false);
		const bare: Entry = { kind: "event", at: 0, id: undefined, data: { from: "s1", n: 2 } };
		expect(five(opened(), bare, bare)).toMatchObject({ doubles: 0, repeats: 1 });
	});

	it("is an id that arrived with other data before", () => {
		const verdict = five(opened(), ...events(1, 2), event(3, { id: "s1.e.2" }), ...events(4, 5));
		expect(verdict).toMatchObject({ doubles: 1, delivered: 4, lost: 1 });
		expect(isClean(verdict)).toBe(false);
	});
});

describe("any correct log with one fault", () => {
	const count = 20;
	const right = [opened(), ...Array.from({ length: count }, (_, index) => event(index + 1))];
	const of = (entries: Entry[]) => judge([sent("s1", count)], [{ sessionId: "A", entries }]);
	const place = fc.integer({ min: 1, max: count });

	it("is caught", () => {
		fc.assert(
			fc.property(place, place, (one, other) => {
				expect(of(right.toSpliced(one, 1))).toMatchObject({ lost: 1, told: 0 });
				if (one === other) return;
				const swapped = [...right];
				[swapped[one], swapped[other]] = [right[other] as Entry, right[one] as Entry];
				expect(of(swapped).disordered).toBeGreaterThan(0);
			})
		);
	});
});
