import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { LatestByKey } from "../../../../mixins/sse/core/collections/latest-by-key.ts";
import { held } from "../../../support/memory.ts";

describe("the latest entries of keys", () => {
	it("are those of a list without its superseded entries", () => {
		const step = fc.oneof(
			{ weight: 5, arbitrary: fc.record({ push: fc.constantFrom("a", "b", "c", "__proto__") }) },
			{ weight: 2, arbitrary: fc.constant("shift" as const) },
			{ weight: 1, arbitrary: fc.constant("clear" as const) }
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 300, size: "max" }), steps => {
				const latestByKey = new LatestByKey<{ key: string; n: number }>();
				let list: { key: string; n: number }[] = [];
				for (const [n, one] of steps.entries()) {
					if (one === "clear") {
						latestByKey.clear();
						list = [];
					} else if (one === "shift") {
						expect(latestByKey.shift()).toEqual(list.shift());
					} else {
						const entry = { key: one.push, n };
						latestByKey.push(entry);
						list = [...list.filter(({ key }) => key !== entry.key), entry];
					}
					expect(latestByKey.size).toBe(list.length);
					expect(latestByKey.oldest).toEqual(list[0]);
					for (const entry of list) expect(latestByKey.get(entry.key)).toEqual(entry);
				}
			}),
			{ numRuns: 200 }
		);
	});

	it("take no more room if a key comes again and again", async () => {
		const latestByKey = new LatestByKey<{ key: string }>();
		latestByKey.push({ key: "first" });
		const before = await held();
		for (let n = 0; n < 1_000_000; n++) latestByKey.push({ key: "again" });
		expect((await held()).all - before.all).toBeLessThan(1_000_000);
		expect([latestByKey.size, latestByKey.oldest?.key]).toEqual([2, "first"]);
	});
});
