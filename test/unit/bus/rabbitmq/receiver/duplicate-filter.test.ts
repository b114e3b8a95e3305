import { describe, expect, it } from "@jest/globals";
import { DuplicateFilter } from "../../../../../mixins/sse/bus/rabbitmq/receiver/duplicate-filter.ts";

describe("duplicates", () => {
	it("are messages whose number their origin has used before", () => {
		const duplicateFilter = new DuplicateFilter();
		const seen = [1, 2, 2, 1, 3].map(seq => duplicateFilter.seen("a", seq));
		expect(seen).toEqual([false, false, true, true, false]);
		expect(duplicateFilter.seen("b", 1)).toBe(false);
	});

	it("are not messages of an origin that is met in the middle, or that left numbers out", () => {
		const duplicateFilter = new DuplicateFilter();
		expect([41, 50].map(seq => duplicateFilter.seen("a", seq))).toEqual([false, false]);
	});

	it("are remembered for the ten thousand origins heard last", () => {
		const duplicateFilter = new DuplicateFilter();
		duplicateFilter.seen("heard again", 7);
		duplicateFilter.seen("silent", 7);
		for (let n = 0; n < 5000; n++) duplicateFilter.seen(`first ${n}`, 1);
		duplicateFilter.seen("heard again", 8);
		for (let n = 0; n < 5000; n++) duplicateFilter.seen(`then ${n}`, 1);

		expect(duplicateFilter.seen("heard again", 8)).toBe(true);
		expect(duplicateFilter.seen("silent", 7)).toBe(false);
	});
});
