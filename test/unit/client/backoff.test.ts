import { afterEach, expect, it, jest } from "@jest/globals";
import { backoff } from "../../../client/backoff.ts";

afterEach(() => void jest.restoreAllMocks());

it("draws from a range that doubles with each failure, up to 30 seconds", () => {
	const random = jest.spyOn(Math, "random").mockReturnValue(0.5);
	expect([1, 2, 3, 4, 5, 6, 1000].map(backoff)).toEqual([
		...[500, 1000, 2000, 4000, 8000, 15_000, 15_000]
	]);
	random.mockReturnValue(0);
	expect(backoff(9)).toBe(0);
});
