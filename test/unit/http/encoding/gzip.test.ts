import { describe, expect, it } from "@jest/globals";
import { encodeFrame } from "../../../../mixins/sse/core/event/frame.ts";
import { Slab } from "../../../../mixins/sse/core/event/slab.ts";
import { Gzip } from "../../../../mixins/sse/http/encoding/gzip.ts";
import { held } from "../../../support/memory.ts";

const frameOf = (n: number) =>
	encodeFrame({ id: `n.e.${n}`, event: "a", data: JSON.stringify("text ".repeat(100) + n) });

describe("a frame", () => {
	it("is deflated once, even if a replay reads its bytes through another object", () => {
		const gzip = new Gzip(0);
		const [one, other] = [frameOf(1), frameOf(2)];
		const again = new Uint8Array(one.buffer, one.byteOffset, one.byteLength);
		expect(gzip.piece(again)).toBe(gzip.piece(one));
		expect(gzip.piece(other)).not.toBe(gzip.piece(one));
	});

	it("is forgotten when many others have come since", () => {
		const gzip = new Gzip(0);
		const first = frameOf(0);
		const piece = gzip.piece(first);
		for (let n = 1; n < 10_000; n++) gzip.piece(frameOf(n));
		expect(gzip.piece(first)).not.toBe(piece);
		expect(Buffer.from(gzip.piece(first).plain)).toEqual(Buffer.from(piece.plain));
	});
});

describe("what is remembered", () => {
	const MIB = 2 ** 20;

	// A piece was found by the buffer of its frame, and so kept it alive: 64 KiB for a hundred bytes.
	it("keeps nothing alive that its frames shared a slab with", async () => {
		const slab = new Slab();
		const gzip = new Gzip(0);
		const before = await held();
		for (let n = 0; n < 3000; n++) {
			gzip.piece(encodeFrame({ event: "a", data: `${n}`.repeat(50) }, slab));
			for (let other = 0; other < 5; other++) slab.write("x".repeat(3000));
		}

		const after = await held();
		expect(after.buffers - before.buffers).toBeLessThan(MIB);
		expect(gzip.piece(frameOf(0)).size).toBe(frameOf(0).byteLength);
	});

	// zlib returns its output as a small part of a buffer of 16 KiB, or 64.
	it.each(["plain", "chunked"] as const)(
		"has at most 4 MiB, while its frames are kept: as %s bytes",
		async form => {
			const gzip = new Gzip(0);
			const frames = Array.from({ length: 6000 }, (_, n) => frameOf(n));
			const before = await held();
			for (const frame of frames) gzip.piece(frame)[form].at(0);

			const after = await held();
			expect(after.all - before.all).toBeGreaterThan(MIB);
			expect(after.all - before.all).toBeLessThan(4 * MIB);
			const last = frames.at(-1) as Uint8Array;
			expect(gzip.piece(last)).toBe(gzip.piece(last));
		}
	);
});
