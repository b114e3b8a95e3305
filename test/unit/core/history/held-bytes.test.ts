import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { encodeFrame, type Frame } from "../../../../mixins/sse/core/event/frame.ts";
import { SLAB_BYTES, Slab } from "../../../../mixins/sse/core/event/slab.ts";
import { BUFFER_BYTES, HeldBytes } from "../../../../mixins/sse/core/history/held-bytes.ts";

/** Bytes of all different buffers of frames. */
function heldBy(frames: readonly Frame[]): number {
	const buffers = new Set(frames.map(({ buffer }) => buffer));
	return [...buffers].reduce((sum, { byteLength }) => sum + byteLength + BUFFER_BYTES, 0);
}

describe("the bytes counted for frames that are kept in order", () => {
	it("are those of their buffers, except for the first and the last slab, whoever else writes into them", () => {
		const step = fc.record({
			bytes: fc.integer({ min: 1, max: 6000 }),
			others: fc.integer({ min: 0, max: 2 }),
			letGo: fc.integer({ min: 0, max: 2 })
		});
		fc.assert(
			fc.property(fc.array(step, { minLength: 1, maxLength: 100 }), steps => {
				const slab = new Slab();
				const held = new HeldBytes();
				const kept: { frame: Frame; cost: number }[] = [];
				for (const { bytes, others, letGo } of steps) {
					const frame = encodeFrame({ event: "a", data: "x".repeat(bytes) }, slab);
					kept.push({ frame, cost: held.add(frame) });
					for (let n = 0; n < others; n++) encodeFrame({ event: "b", data: "other" }, slab);
					kept.splice(0, letGo);
				}
				const counted = kept.reduce((sum, { cost }) => sum + cost, 0);
				const really = heldBy(kept.map(({ frame }) => frame));
				expect(Math.abs(counted - really)).toBeLessThan(2 * (SLAB_BYTES + BUFFER_BYTES));
			}),
			{ numRuns: 300 }
		);
	});
});
