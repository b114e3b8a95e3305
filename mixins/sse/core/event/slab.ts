import {
	type Chunked,
	chunkHeadBytes,
	copyInto,
	joinChunked,
	LINE_END_BYTES,
	writeChunk
} from "./chunk.ts";

/**
 * Size of a slab: the memory that one small text keeps alive if it outlives the others of its slab, for example when a client
 * takes a part of one write and no more. Larger slabs are not faster; half the size costs a tenth of an event of 1 KB.
 */
export const SLAB_BYTES = 16_384;
/** Anything larger than a quarter of a slab, including its chunk, has a buffer of its own: less than that is left over. */
const MOST_IN_SLAB = SLAB_BYTES / 4 - 16;

/** Bytes of a buffer; a view of them would cost more than everything else that is done with most of them. */
export type Span = Pick<Uint8Array, "buffer" | "byteOffset" | "byteLength">;

const encoder = new TextEncoder();

/**
 * A buffer into which bytes of about the same lifetime are written, one after the other: a separate ArrayBuffer for each would
 * cost more than they do. A slab lives as long as anything in it, so bytes that are kept and bytes that are not must not share
 * one.
 */
export class Slab {
	#bytes: Uint8Array = new Uint8Array(0);
	#used = 0;

	/** A text as UTF-8, inside the framing of a chunk. */
	write(text: string): Chunked {
		// A UTF-16 code unit takes at least one byte.
		if (text.length > MOST_IN_SLAB) return writeAlone(text);
		const written = this.#append(text);
		if (written !== undefined) return written;
		if (text.length * 3 > MOST_IN_SLAB) {
			const bytes = encoder.encode(text);
			if (bytes.byteLength > MOST_IN_SLAB) return joinChunked([bytes]);
		}
		this.#begin();
		return this.#append(text) as Chunked;
	}

	/** Several parts as one, inside the framing of a chunk. */
	join(parts: readonly Uint8Array[]): Chunked {
		let length = 0;
		for (const part of parts) length += part.byteLength;
		if (length > MOST_IN_SLAB) return joinChunked(parts);
		const head = chunkHeadBytes(length);
		if (head + length + LINE_END_BYTES > this.#bytes.byteLength - this.#used) this.#begin();
		const start = this.#used + head;
		this.#used = copyInto(this.#bytes, start, parts) + LINE_END_BYTES;
		return writeChunk(this.#bytes, start, length);
	}

	/** A text as UTF-8, or bytes, without framing. */
	keep(content: string | Uint8Array): Span {
		if (typeof content === "string") return this.write(content);
		const { byteLength } = content;
		if (byteLength > MOST_IN_SLAB) return joinChunked([content]);
		if (byteLength > this.#bytes.byteLength - this.#used) this.#begin();
		const byteOffset = this.#used;
		this.#bytes.set(content, byteOffset);
		this.#used = byteOffset + byteLength;
		return { buffer: this.#bytes.buffer, byteOffset, byteLength };
	}

	#begin(): void {
		this.#bytes = new Uint8Array(SLAB_BYTES);
		this.#used = 0;
	}

	/** Undefined if it does not fit. This is tried, because a code unit may take three bytes but mostly takes one. */
	#append(text: string): Chunked | undefined {
		const start = this.#used + chunkHeadBytes(text.length * 3);
		const end = this.#bytes.byteLength - LINE_END_BYTES;
		if (end - start < text.length) return undefined;
		const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(start, end));
		if (read < text.length) return undefined;
		if (written > MOST_IN_SLAB) return joinChunked([this.#bytes.subarray(start, start + written)]);
		this.#used = start + written + LINE_END_BYTES;
		return writeChunk(this.#bytes, start, written);
	}
}

/** A text in a buffer of its own. */
function writeAlone(text: string): Chunked {
	// Most are ASCII: then one buffer is enough.
	const start = chunkHeadBytes(text.length);
	const bytes = new Uint8Array(start + text.length + LINE_END_BYTES);
	const { read, written } = encoder.encodeInto(text, bytes.subarray(start));
	if (read === text.length && written === text.length) return writeChunk(bytes, start, written);
	return joinChunked([encoder.encode(text)]);
}
