import { describe, expect, it } from "@jest/globals";
import { Losses } from "../../../mixins/sse/streams/losses.ts";

describe("the losses of a stream", () => {
	it("form one range for consecutive drops, until something is written", () => {
		const losses = new Losses();
		for (const position of [3, 0, 5, 9]) losses.drop(position);
		losses.endDrops();
		losses.drop(20);
		for (const position of [3, 4, 9, 20])
			expect(losses.find(position)).toEqual({ kind: "dropped" });
		for (const position of [0, 2, 10, 19, 21]) expect(losses.find(position)).toBeUndefined();
	});

	it("know what replaced an event, even in the middle of a range of drops", () => {
		const losses = new Losses();
		losses.drop(3);
		losses.conflate(5, 8);
		losses.drop(7);
		expect(losses.find(5)).toEqual({ kind: "conflated", by: 8 });
		expect(losses.find(6)).toEqual({ kind: "dropped" });
	});

	it("include what could no longer be replayed", () => {
		const losses = new Losses();
		losses.expire(4, 7);
		losses.expire(9, 9);
		expect([3, 4, 6, 7, 9].map(position => losses.find(position)?.kind)).toEqual([
			undefined,
			"expired",
			"expired",
			undefined,
			undefined
		]);
	});

	it("are bounded: for the earliest, only the fact that something was lost is known", () => {
		const losses = new Losses();
		for (let position = 1; position <= 1000; position++) losses.conflate(position, position + 1);
		expect(losses.find(1000)).toEqual({ kind: "conflated", by: 1001 });
		expect(losses.find(1)).toEqual({ kind: "forgotten" });
		expect(losses.find(936)).toEqual({ kind: "forgotten" });
		expect(losses.find(937)).toEqual({ kind: "conflated", by: 938 });
		expect(losses.find(2000)).toBeUndefined();
	});
});
