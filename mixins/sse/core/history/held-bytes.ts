import { ownsBuffer } from "../event/chunk.ts";
import type { Span } from "../event/slab.ts";

/** Bytes that a buffer takes besides its content: V8's objects, and their counterparts outside the heap. */
export const BUFFER_BYTES = 400;

/**
 * Counts the memory that frames hold if they are kept one after the other, and dropped in that order. A frame in a slab counts
 * together with whatever is between it and the frame before, unused or of others. So all kept frames together count as many
 * bytes as their buffers have, except for parts of the first and the last buffer.
 */
export class HeldBytes {
	#slab: ArrayBufferLike | undefined;
	/** Where the newest frame in the slab ends. */
	#end = 0;

	/** Bytes that keeping one more frame takes. */
	add(frame: Span): number {
		const { buffer, byteOffset, byteLength } = frame;
		if (byteLength === 0) return 0;
		if (ownsBuffer(frame)) return buffer.byteLength + BUFFER_BYTES;
		const end = byteOffset + byteLength;
		const before = this.#end;
		this.#end = end;
		if (buffer === this.#slab) return end - before;
		const unused = this.#slab === undefined ? 0 : this.#slab.byteLength - before;
		this.#slab = buffer;
		return unused + end + BUFFER_BYTES;
	}

	/** Nothing is kept any more. */
	clear(): void {
		this.#slab = undefined;
		this.#end = 0;
	}
}
