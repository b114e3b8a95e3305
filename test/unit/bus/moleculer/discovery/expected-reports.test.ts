import { describe, expect, it } from "@jest/globals";
import { ExpectedReports } from "../../../../../mixins/sse/bus/moleculer/discovery/expected-reports.ts";

// For half a minute nothing of one sender arrived, and its gateway gave ids from after what it had missed.
describe("a sender that says when it reports again", () => {
	it("is overdue when it has not reported for seven seconds", () => {
		const reports = new ExpectedReports();
		reports.heard("a", 4000, 0);
		reports.heard("b", 4000, 3000);
		expect(reports.areOverdue(7000)).toBe(false);
		expect(reports.areOverdue(7001)).toBe(true);
		reports.heard("a", 4000, 7001);
		expect(reports.areOverdue(10_000)).toBe(false);
		expect(reports.areOverdue(10_001)).toBe(true);
	});

	it("is not once it has left, or this gateway has been away", () => {
		const reports = new ExpectedReports();
		reports.heard("a", 4000, 0);
		reports.heard("b", 4000, 0);
		reports.left("a");
		expect(reports.areOverdue(7001)).toBe(true);
		reports.clear();
		expect(reports.areOverdue(7001)).toBe(false);
	});

	// Their reports come up to a minute apart.
	it("is not if it says nothing, as those of earlier versions, or later than any does", () => {
		const reports = new ExpectedReports();
		reports.heard("a", 0, 0);
		reports.heard("b", 60_000, 0);
		expect(reports.areOverdue(100_000)).toBe(false);
	});

	// A gateway waited for ever for one that had been replaced by an earlier version.
	it("is not any more if it says nothing the next time", () => {
		const reports = new ExpectedReports();
		reports.heard("a", 4000, 0);
		reports.heard("a", 0, 1000);
		expect(reports.areOverdue(100_000)).toBe(false);
	});
});
