import { expect, it } from "@jest/globals";
import { createSeen } from "../../../client/seen.ts";

it("knows at least the configured number of the latest ids, and at most twice as many", () => {
	const seen = createSeen(100);
	for (let n = 0; n < 1000; n++) expect(seen.add(`${n}`)).toBe(true);
	for (let n = 900; n < 1000; n++) expect(seen.add(`${n}`)).toBe(false);

	expect(seen.has("799")).toBe(false);
});

it("knows which of some ids came first", () => {
	const seen = createSeen(3);
	for (const id of ["a", "b", "c", "d", "e"]) seen.add(id);
	seen.add("a");

	expect(seen.oldest(new Set(["e", "b", "x"]))).toBe("b");
	expect(seen.oldest(new Set(["d", "a"]))).toBe("a");
	expect(seen.oldest(new Set(["x"]))).toBeUndefined();
});
