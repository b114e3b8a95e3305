import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { chunkOf, ownsBuffer } from "../../../../mixins/sse/core/event/chunk.ts";
import { SLAB_BYTES, Slab } from "../../../../mixins/sse/core/event/slab.ts";

const MOST_IN_SLAB = SLAB_BYTES / 4 - 16;
const decoder = new TextDecoder();

/** Writes texts into slabs, one after the other. Returns their bytes, and the bytes of all buffers. */
function write(texts: readonly string[]): { used: number; held: number } {
	const slab = new Slab();
	const written = texts.map(text => slab.write(text));
	expect(written.map(bytes => decoder.decode(bytes))).toEqual(texts);
	const buffers = new Set(written.map(({ buffer }) => buffer));
	return {
		used: written.reduce((sum, bytes) => sum + chunkOf(bytes).byteLength, 0),
		held: [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)
	};
}

describe("slabs", () => {
	it.each([60, 500, 1000, 1600, 2700, 4000, 4090, 4097, 5400, 20_000])(
		"hold little more than what was written, for texts of %i ASCII characters",
		length => {
			const { used, held } = write(Array<string>(300).fill("x".repeat(length)));
			expect(held - SLAB_BYTES).toBeLessThan(1.25 * used);
		}
	);

	// Three bytes were reserved per character, which ASCII does not take: a quarter of each slab stayed empty.
	it("are filled as far as the next text fits", () => {
		const size = fc.integer({ min: 1, max: 6000 });
		const unit = fc.constantFrom("x", "ü", "€", "😀");
		const texts = fc.array(fc.tuple(unit, size), { minLength: 50, maxLength: 100 });
		fc.assert(
			fc.property(texts, texts => {
				const slab = new Slab();
				let last: Uint8Array | undefined;
				for (const [unit, size] of texts) {
					const text = unit.repeat(Math.ceil(size / unit.length));
					const bytes = slab.write(text);
					expect(decoder.decode(bytes)).toBe(text);
					expect(ownsBuffer(bytes)).toBe(bytes.byteLength > MOST_IN_SLAB);
					if (ownsBuffer(bytes)) continue;
					if (last !== undefined && last.buffer !== bytes.buffer) {
						const left = SLAB_BYTES - (last.byteOffset + last.byteLength + 2);
						// its line end, and the digits of the size, for which one more is reserved
						expect(left).toBeLessThan(bytes.byteLength + 2 + 6 + 1);
					}
					last = bytes;
				}
			}),
			{ numRuns: 100 }
		);
	});
});
