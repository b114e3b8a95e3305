import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ownText } from "../../../../mixins/sse/core/util/own-text.ts";
import { Backlog } from "../../../../mixins/sse/streams/backlog.ts";
import { anyText } from "../../../support/arbitraries.ts";
import { held } from "../../../support/memory.ts";

const HEADER_BYTES = 16_000;
const MANY = 1000;

/** The way in which a header, or a URL, comes from a socket. */
const headerWith = (value: string) =>
	Buffer.from(`sid=${value}; ${"x".repeat(HEADER_BYTES)}`).toString("latin1");

/** Bytes of heap that are held for each of many parts of headers. */
async function heldForEach<T>(keep: (part: string) => T): Promise<number> {
	const kept: T[] = [];
	const before = await held();
	for (let n = 0; n < MANY; n++) {
		const value = `value-of-the-session-${n}`;
		kept.push(keep(headerWith(value).slice(4, 4 + value.length)));
	}
	const after = await held();
	expect(kept).toHaveLength(MANY);
	return (after.heap - before.heap) / MANY;
}

describe("a text of its own", () => {
	it("is the same text, whatever it is", () => {
		fc.assert(
			fc.property(anyText, text => {
				expect(ownText(text)).toBe(text);
			})
		);
	});

	// The technique used here may stop working in any release of V8: this test shows it.
	it("keeps nothing of the text that it was a part of", async () => {
		expect(await heldForEach(part => part)).toBeGreaterThan(HEADER_BYTES);
		expect(await heldForEach(ownText)).toBeLessThan(500);
	});

	it("is what a backlog remembers of a key, which is a concatenation that contains a part of the payload", async () => {
		const backlog = new Backlog();
		const each = await heldForEach(part => backlog.push(new Uint8Array(10), `price\n${part}`));
		expect(backlog.isEmpty).toBe(false);
		expect(each).toBeLessThan(2000);
	});
});
