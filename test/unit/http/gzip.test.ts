import { describe, expect, it } from "vitest";
import { encodeFrame } from "../../../mixins/sse/core/frame.ts";
import { Gzip } from "../../../mixins/sse/http/gzip.ts";

const frameOf = (n: number) =>
	encodeFrame({ id: `n.e.${n}`, event: "a", data: JSON.stringify("text ".repeat(100) + n) });

describe("a frame", () => {
	it("is deflated once, though a replay reads its bytes as another object", () => {
		const gzip = new Gzip(0);
		const [one, other] = [frameOf(1), frameOf(2)];
		const again = new Uint8Array(one.buffer, one.byteOffset, one.byteLength);
		expect(gzip.piece(again)).toBe(gzip.piece(one));
		expect(gzip.piece(other)).not.toBe(gzip.piece(one));
	});

	it("is forgotten when many others came since", () => {
		const gzip = new Gzip(0);
		const first = frameOf(0);
		const piece = gzip.piece(first);
		for (let n = 1; n < 10_000; n++) gzip.piece(frameOf(n));
		expect(gzip.piece(first)).not.toBe(piece);
		expect(Buffer.from(gzip.piece(first).plain)).toEqual(Buffer.from(piece.plain));
	});
});
