import { describe, expect, it } from "@jest/globals";
import { Repeats } from "../../../mixins/sse/core/repeats.ts";

describe("repeats", () => {
	it("are messages whose number their origin has used before", () => {
		const repeats = new Repeats();
		const seen = [1, 2, 2, 1, 3].map(seq => repeats.seen("a", seq));
		expect(seen).toEqual([false, false, true, true, false]);
		expect(repeats.seen("b", 1)).toBe(false);
	});

	it("are none of an origin that is met in its midst, or that left numbers out", () => {
		const repeats = new Repeats();
		expect([41, 50].map(seq => repeats.seen("a", seq))).toEqual([false, false]);
	});

	it("are remembered of the ten thousand origins heard last", () => {
		const repeats = new Repeats();
		repeats.seen("heard again", 7);
		repeats.seen("silent", 7);
		for (let n = 0; n < 5000; n++) repeats.seen(`first ${n}`, 1);
		repeats.seen("heard again", 8);
		for (let n = 0; n < 5000; n++) repeats.seen(`then ${n}`, 1);

		expect(repeats.seen("heard again", 8)).toBe(true);
		expect(repeats.seen("silent", 7)).toBe(false);
	});
});
