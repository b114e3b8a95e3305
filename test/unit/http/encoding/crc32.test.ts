import { crc32 } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { combineCrc32, shiftBy } from "../../../../mixins/sse/http/encoding/crc32.ts";

describe("the checksum of texts that follow each other", () => {
	it("is zlib's checksum of the whole, whatever they are", () => {
		const text = fc.uint8Array({ maxLength: 300 });
		fc.assert(
			fc.property(fc.array(text, { maxLength: 6 }), texts => {
				let crc = 0;
				for (const text of texts) crc = combineCrc32(crc, crc32(text), shiftBy(text.byteLength));
				expect(crc >>> 0).toBe(crc32(Buffer.concat(texts)));
			})
		);
	});

	it.each([0, 1, 65_535, 65_536, 1_000_003])("is zlib's after %i bytes", length => {
		const [first, second] = [Buffer.from("first"), Buffer.alloc(length, "x")];
		const crc = combineCrc32(crc32(first), crc32(second), shiftBy(length));
		expect(crc >>> 0).toBe(crc32(Buffer.concat([first, second])));
	});
});
