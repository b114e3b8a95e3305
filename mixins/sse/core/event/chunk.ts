/**
 * Bytes with the framing of a chunk of HTTP/1.1 (RFC 9112, 7.1) around them, in the same buffer: with it and
 * without it they can be written as they are.
 */
export type Chunked = Uint8Array;

/** What ends a body of chunks. */
export const LAST_CHUNK = "0\r\n\r\n";

/** Bytes of the line end behind the bytes. */
export const LINE_END_BYTES = 2;
/** Most bytes of framing around bytes: of a size in hexadecimal that has eight digits. */
const MOST_FRAMING = 8 + 2 * LINE_END_BYTES;
const CR = 13;
const LF = 10;
/** The digits 0 to 9 stand behind each other, and so do a to f. */
const ZERO = "0".charCodeAt(0);
const TEN = "a".charCodeAt(0) - 10;

/**
 * The chunk around bytes, ready for the socket.
 *
 * @param content Any other bytes have no chunk around them.
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

/** Several bytes as one, in a buffer that holds nothing else. */
export function joinChunked(parts: readonly Uint8Array[]): Chunked {
	let length = 0;
	for (const part of parts) length += part.byteLength;
	const start = chunkHeadBytes(length);
	const bytes = new Uint8Array(start + length + LINE_END_BYTES);
	copyInto(bytes, start, parts);
	return writeChunk(bytes, start, length);
}

/** Copies bytes one behind the other; returns where they end. */
export function copyInto(bytes: Uint8Array, start: number, parts: readonly Uint8Array[]): number {
	let at = start;
	for (const part of parts) {
		bytes.set(part, at);
		at += part.byteLength;
	}
	return at;
}

/** Whether the buffer that bytes stand in holds little else: a view of a small part holds all of it. */
export function ownsBuffer({
	buffer,
	byteLength
}: Pick<Chunked, "buffer" | "byteLength">): boolean {
	return buffer.byteLength - byteLength <= MOST_FRAMING;
}

/** The same bytes in a buffer that holds nothing else, for what waits or is remembered. */
export function inOwnBuffer(content: Chunked): Chunked {
	return ownsBuffer(content) ? content : joinChunked([content]);
}
