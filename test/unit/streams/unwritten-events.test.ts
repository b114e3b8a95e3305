import { describe, expect, it } from "@jest/globals";
import { UnwrittenEvents } from "../../../mixins/sse/streams/unwritten-events.ts";

describe("the unwritten events of a stream", () => {
	it("form one range for consecutive drops, until something is written", () => {
		const unwritten = new UnwrittenEvents();
		for (const position of [3, 0, 5, 9]) unwritten.drop(position);
		unwritten.endDrops();
		unwritten.drop(20);
		for (const position of [3, 4, 9, 20])
			expect(unwritten.find(position)).toEqual({ kind: "dropped" });
		for (const position of [0, 2, 10, 19, 21]) expect(unwritten.find(position)).toBeUndefined();
	});

	it("know what replaced an event, even in the middle of a range of drops", () => {
		const unwritten = new UnwrittenEvents();
		unwritten.drop(3);
		unwritten.conflate(5, 8);
		unwritten.drop(7);
		expect(unwritten.find(5)).toEqual({ kind: "conflated", by: 8 });
		expect(unwritten.find(6)).toEqual({ kind: "dropped" });
	});

	it("include what could no longer be replayed", () => {
		const unwritten = new UnwrittenEvents();
		unwritten.expire(4, 7);
		unwritten.expire(9, 9);
		expect([3, 4, 6, 7, 9].map(position => unwritten.find(position)?.kind)).toEqual([
			undefined,
			"expired",
			"expired",
			undefined,
			undefined
		]);
	});

	it("are bounded: for the earliest, only the fact that something was lost is known", () => {
		const unwritten = new UnwrittenEvents();
		for (let position = 1; position <= 1000; position++) unwritten.conflate(position, position + 1);
		expect(unwritten.find(1000)).toEqual({ kind: "conflated", by: 1001 });
		expect(unwritten.find(1)).toEqual({ kind: "forgotten" });
		expect(unwritten.find(936)).toEqual({ kind: "forgotten" });
		expect(unwritten.find(937)).toEqual({ kind: "conflated", by: 938 });
		expect(unwritten.find(2000)).toBeUndefined();
	});
});
