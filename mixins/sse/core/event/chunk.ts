/**
 * Bytes inside the framing of an HTTP/1.1 chunk (RFC 9112, 7.1), in one buffer: they can be written as they are, with the
 * framing and without it.
 */
export type Chunked = Uint8Array;

/** Ends a body of chunks. */
export const LAST_CHUNK = "0\r\n\r\n";

/** Bytes of the line end after the content. */
export const LINE_END_BYTES = 2;
/** Most bytes of framing: for a size of eight hexadecimal digits. */
const MOST_FRAMING = 8 + 2 * LINE_END_BYTES;
const CR = 13;
const LF = 10;
/** The digits 0 to 9 have consecutive codes, and so have a to f. */
const ZERO = "0".charCodeAt(0);
const TEN = "a".charCodeAt(0) - 10;

/**
 * The chunk around bytes, ready for the socket.
 *
 * @param content Must be inside a chunk.
 */
export function chunkOf(content: Chunked): Uint8Array {
	const head = chunkHeadBytes(content.byteLength);
	return new Uint8Array(
		content.buffer,
		content.byteOffset - head,
		head + content.byteLength + LINE_END_BYTES
	);
}

/** Bytes of `<size in hexadecimal>\r\n`. */
export function chunkHeadBytes(size: number): number {
	const bits = 32 - Math.clz32(size | 1);
	return ((bits + 3) >> 2) + LINE_END_BYTES;
}

/** Writes the framing around bytes that have room for it; by hand, which is faster than any encoder. */
export function writeChunk(bytes: Uint8Array, start: number, length: number): Chunked {
	const end = start + length;
	bytes[end] = CR;
	bytes[end + 1] = LF;
	let at = start;
	bytes[--at] = LF;
	bytes[--at] = CR;
	for (let rest = length; rest > 0; rest >>>= 4) {
		const digit = rest & 15;
		bytes[--at] = digit < 10 ? digit + ZERO : digit + TEN;
	}
	return bytes.subarray(start, end);
}

/** Several parts as one, in a buffer that contains nothing else. */
export function joinChunked(parts: readonly Uint8Array[]): Chunked {
	let length = 0;
	for (const part of parts) length += part.byteLength;
	const start = chunkHeadBytes(length);
	const bytes = new Uint8Array(start + length + LINE_END_BYTES);
	copyInto(bytes, start, parts);
	return writeChunk(bytes, start, length);
}

/** Copies parts one after the other; returns where they end. */
export function copyInto(bytes: Uint8Array, start: number, parts: readonly Uint8Array[]): number {
	let at = start;
	for (const part of parts) {
		bytes.set(part, at);
		at += part.byteLength;
	}
	return at;
}

/** Whether the buffer of these bytes contains little else: a view of a small part keeps all of it alive. */
export function ownsBuffer({
	buffer,
	byteLength
}: Pick<Chunked, "buffer" | "byteLength">): boolean {
	return buffer.byteLength - byteLength <= MOST_FRAMING;
}

/** The same bytes in a buffer that contains nothing else, for bytes that wait or are remembered. */
export function inOwnBuffer(content: Chunked): Chunked {
	return ownsBuffer(content) ? content : joinChunked([content]);
}
