import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
	chunkHeadBytes,
	chunkOf,
	inOwnBuffer,
	joinChunked,
	ownsBuffer
} from "../../../../mixins/sse/core/event/chunk.ts";
import { encodeFrame } from "../../../../mixins/sse/core/event/frame.ts";
import { Slab } from "../../../../mixins/sse/core/event/slab.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

describe("the head of a chunk", () => {
	it("has a byte for each digit of the size, and two", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), size => {
				expect(chunkHeadBytes(size)).toBe(`${size.toString(16)}\r\n`.length);
			})
		);
		for (const size of [0, 1, 15, 16, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1]) {
			expect(chunkHeadBytes(size)).toBe(`${size.toString(16)}\r\n`.length);
		}
	});
});

describe("bytes with their chunk around them", () => {
	it("are the parts in their order, with and without it in one buffer", () => {
		const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 10 });
		fc.assert(
			fc.property(parts, parts => {
				const whole = Buffer.concat(parts);
				const joined = joinChunked(parts);
				const size = whole.length.toString(16);
				expect(Buffer.from(joined)).toEqual(whole);
				expect(chunkOf(joined).buffer).toBe(joined.buffer);
				if (whole.length === 0) return;
				expect(text(chunkOf(joined))).toBe(`${size}\r\n${text(whole)}\r\n`);
			})
		);
	});
});

describe("what is to wait, or to be remembered,", () => {
	it("is copied out of a slab, whose other bytes it would hold", () => {
		const frame = encodeFrame({ event: "a", data: "1" }, new Slab());
		const own = inOwnBuffer(frame);
		expect(ownsBuffer(frame)).toBe(false);
		expect(own.buffer.byteLength).toBe(chunkOf(frame).byteLength);
		expect(text(chunkOf(own))).toBe(text(chunkOf(frame)));
	});

	it("stays where it is if nothing else is there", () => {
		const frame = encodeFrame({ event: "a", data: "x".repeat(10_000) }, new Slab());
		expect(inOwnBuffer(frame)).toBe(frame);
	});
});
