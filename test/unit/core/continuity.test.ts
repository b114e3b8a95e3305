import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Continuity } from "../../../mixins/sse/core/continuity.ts";

const event = (seq: number, epoch = "e1", origin = "n1") => ({ origin, epoch, seq });

describe("an origin's sequence", () => {
	it("goes on from 1 without a gap", () => {
		const continuity = new Continuity();
		expect([1, 2, 3].map(seq => continuity.observe(event(seq)))).toEqual(["next", "next", "next"]);
		expect(continuity.position("n1")).toEqual({ epoch: "e1", seq: 3 });
		expect(continuity.position("n2")).toBeUndefined();
	});

	it("that is met in its midst has a gap before it", () => {
		const continuity = new Continuity();
		expect(continuity.observe(event(57))).toBe("gap");
		expect(continuity.observe(event(58))).toBe("next");
	});

	it("that was announced has none, if it goes on from there", () => {
		const continuity = new Continuity();
		expect(continuity.expect(event(56))).toBe(true);
		expect(continuity.observe(event(57))).toBe("next");
		expect(continuity.observe(event(56))).toBe("late");
		const fresh = new Continuity();
		expect(fresh.expect(event(0))).toBe(false);
		expect(fresh.observe(event(1))).toBe("next");
		const other = new Continuity();
		other.expect(event(56));
		expect(other.observe(event(58))).toBe("gap");
	});

	it("is not moved by an announcement once events have come", () => {
		const continuity = new Continuity();
		continuity.observe(event(1));
		expect(continuity.expect(event(7))).toBe(false);
		expect(continuity.observe(event(2))).toBe("next");
	});

	it("shows a gap once, and tells what fills it from what repeats", () => {
		const continuity = new Continuity();
		const arrivals = [1, 5, 6, 3, 3, 2, 4, 4, 1].map(seq => continuity.observe(event(seq)));
		expect(arrivals).toEqual([
			"next",
			"gap",
			"next",
			"late",
			"repeat",
			"late",
			"late",
			"repeat",
			"repeat"
		]);
	});

	it("begins anew with another life of its node", () => {
		const continuity = new Continuity();
		continuity.observe(event(9, "e1"));
		expect(continuity.observe(event(1, "e2"))).toBe("next");
		expect(continuity.observe(event(2, "e2"))).toBe("next");
		expect(continuity.observe(event(4, "e3"))).toBe("gap");
	});

	it("is behind an origin that announces more than has come, until that comes or is given up", () => {
		const continuity = new Continuity();
		continuity.observe(event(1));
		expect(continuity.lacks(event(1))).toBe(false);
		expect(continuity.lacks(event(3))).toBe(true);
		continuity.observe(event(2));
		continuity.observe(event(3));
		expect(continuity.lacks(event(3))).toBe(false);

		continuity.miss(event(5));
		expect(continuity.lacks(event(5))).toBe(false);
		expect(continuity.observe(event(4))).toBe("late");
		expect(continuity.observe(event(6))).toBe("next");
		// of another life, which is none of this one's
		expect(continuity.lacks(event(9, "e2"))).toBe(false);
	});

	it("agrees with a set of all numbers seen, whatever the order of arrival", () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }), seqs => {
				const continuity = new Continuity();
				const seen = new Set<number>();
				let last = 0;
				for (const seq of seqs) {
					const expected = seen.has(seq)
						? "repeat"
						: seq < last
							? "late"
							: seq === last + 1
								? "next"
								: "gap";
					expect(continuity.observe(event(seq))).toBe(expected);
					seen.add(seq);
					last = Math.max(last, seq);
				}
			})
		);
	});

	it("costs a bounded amount, however many origins and gaps there were", () => {
		const continuity = new Continuity();
		for (let n = 0; n < 10_001; n++) continuity.observe(event(1, "e1", `n${n}`));
		expect(continuity.position("n0")).toBeUndefined();
		expect(continuity.position("n10000")).toBeDefined();
		for (let seq = 2; seq < 1000; seq += 2) continuity.observe(event(seq, "e1", "holes"));
		expect(continuity.observe(event(3, "e1", "holes"))).toBe("repeat");
		expect(continuity.observe(event(997, "e1", "holes"))).toBe("late");
	});
});
