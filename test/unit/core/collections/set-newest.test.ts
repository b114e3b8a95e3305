import { describe, expect, it } from "@jest/globals";
import { setNewest } from "../../../../mixins/sse/core/collections/set-newest.ts";

const MOST = 20;

describe("a map whose newest keys are set", () => {
	it("keeps all while there are few, in the order in which they were last set", () => {
		const map = new Map<string, number>();
		for (const [index, key] of ["a", "b", "c", "a"].entries()) setNewest(map, key, index, MOST);
		expect([...map]).toEqual([
			["b", 1],
			["c", 2],
			["a", 3]
		]);
	});

	it("never holds more than it may, whatever comes, and always the newest", () => {
		const map = new Map<number, number>();
		for (let key = 0; key < 50 * MOST; key++) {
			setNewest(map, key, key, MOST);
			expect(map.size).toBeLessThanOrEqual(MOST);
			const least = Math.min(key + 1, 0.9 * MOST);
			const kept = [...map.keys()];
			expect(kept).toEqual(Array.from({ length: kept.length }, (_, back) => key - back).reverse());
			expect(kept.length).toBeGreaterThanOrEqual(least);
		}
	});

	it("forgets those set longest ago, and not those that came first", () => {
		const map = new Map<number, string>();
		for (let key = 0; key < MOST; key++) setNewest(map, key, "first", MOST);
		setNewest(map, 0, "again", MOST);
		setNewest(map, MOST, "one more", MOST);
		expect(map.get(0)).toBe("again");
		expect(map.has(1)).toBe(false);
	});
});
