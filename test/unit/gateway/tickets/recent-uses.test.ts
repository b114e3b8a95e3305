import { expect, it } from "@jest/globals";
import { RecentUses } from "../../../../mixins/sse/gateway/tickets/recent-uses.ts";

it("tells of the tickets that were used lately, in parts that fit into a message", () => {
	const uses = new RecentUses(60_000);
	expect(uses.parts(0)).toEqual([]);
	for (let n = 0; n < 2500; n++) uses.add(`jti-${n}`, n);

	expect(uses.parts(60_000).map(({ length }) => length)).toEqual([1000, 1000, 500]);
	expect(uses.parts(60_000).flat()).toEqual(Array.from({ length: 2500 }, (_, n) => `jti-${n}`));
	expect(uses.parts(62_000).flat()[0]).toBe("jti-2000");
	expect(uses.parts(63_000)).toEqual([]);
	expect(uses.size).toBe(0);
});

it("remembers a bounded number of them, the latest", () => {
	const uses = new RecentUses(60_000);
	for (let n = 0; n < 20_000; n++) uses.add(`jti-${n}`, 0);

	expect(uses.size).toBe(10_000);
	expect(uses.parts(0).flat()[0]).toBe("jti-10000");
});
