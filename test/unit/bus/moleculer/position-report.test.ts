import { describe, expect, it } from "@jest/globals";
import { readReport } from "../../../../mixins/sse/bus/moleculer/position-report.ts";

const position = { epoch: "abcdefgh", seq: 3, age: 5, up: 7 };
const report = {
	epoch: "abcdefgh",
	seq: 3,
	age: 5,
	up: 7,
	next: 0,
	isEnd: false,
	answers: [],
	apart: [],
	gone: [],
	here: []
};

describe("a sender's report", () => {
	it("is about its events, or about its revocations", () => {
		expect(readReport(position)).toEqual(report);
		expect(readReport({ ...position, of: "close", end: true })).toEqual({
			...report,
			of: "close",
			isEnd: true
		});
	});

	it("has no age if that is not known", () => {
		const unknown = { ...report, age: 0, up: 0 };
		expect(readReport({ epoch: "abcdefgh", seq: 3 })).toEqual(unknown);
		expect(readReport({ ...position, age: -1, up: "7" })).toEqual(unknown);
	});

	it("has the positions of what goes to some groups, and nothing else in their place", () => {
		const apart = [
			[["api"], "abcdefgh1", 2, 9],
			[["api"], "A.1", 2, 9],
			[["api"], "abcdefgh1", -1, 9],
			"abcdefgh1",
			[null, "abcdefgh2", 3]
		];
		expect(readReport({ ...position, apart, next: 4000 })).toEqual({
			...report,
			next: 4000,
			apart: [
				{ groups: ["api"], epoch: "abcdefgh1", seq: 2, age: 9 },
				{ groups: [], epoch: "abcdefgh2", seq: 3, age: 0 }
			]
		});
	});

	// as a report about events it would end the life that is being counted
	it.each([
		["about something else", { ...position, of: "tickets" }],
		["about null", { ...position, of: null }],
		["of no epoch", { ...position, epoch: "A.1" }],
		["of no number", { ...position, seq: -1 }],
		["nothing", null],
		["a text", "close"]
	])("is ignored: %s", (_, input) => {
		expect(readReport(input)).toBeUndefined();
	});
});
