import { describe, expect, it } from "@jest/globals";
import { readReport } from "../../../../mixins/sse/bus/moleculer/position-report.ts";

const position = { epoch: "abcdefgh", seq: 3, age: 5, up: 7 };
const report = {
	epoch: "abcdefgh",
	seq: 3,
	age: 5,
	up: 7,
	isEnd: false,
	answers: [],
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
