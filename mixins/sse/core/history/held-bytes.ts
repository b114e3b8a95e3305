import { ownsBuffer } from "../event/chunk.ts";
import type { Span } from "../event/slab.ts";

/** What a buffer takes besides its bytes: objects of V8, and what stands for it outside the heap. */
export const BUFFER_BYTES = 400;

/**
 * Counts what frames hold that are kept one behind the other, and let go of in that order: a frame in a slab
 * counts with what stands unused, or is of others, between it and the frame before. So all that are kept together
 * count as much as their buffers have bytes, but for the parts of the first and of the last.
 */
export class HeldBytes {
	#slab: ArrayBufferLike | undefined;
	/** Where the newest frame in it ends. */
	#end = 0;

	/** What keeping one more frame takes. */
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
