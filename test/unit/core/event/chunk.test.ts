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
	it("has one byte per digit of the size, and two more", () => {
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

describe("bytes inside their chunk", () => {
	it("are the parts in order, with and without the chunk in one buffer", () => {
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

describe("bytes that are to wait, or to be remembered,", () => {
	it("are copied out of a slab, whose other bytes they would keep alive", () => {
		const frame = encodeFrame({ event: "a", data: "1" }, new Slab());
		const own = inOwnBuffer(frame);
		expect(ownsBuffer(frame)).toBe(false);
		expect(own.buffer.byteLength).toBe(chunkOf(frame).byteLength);
		expect(text(chunkOf(own))).toBe(text(chunkOf(frame)));
	});

	it("stay where they are if nothing else is there", () => {
		const frame = encodeFrame({ event: "a", data: "x".repeat(10_000) }, new Slab());
		expect(inOwnBuffer(frame)).toBe(frame);
	});
});
