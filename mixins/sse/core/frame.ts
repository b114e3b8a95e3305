/** The fields of one frame. `data` is one line: JSON never holds a raw line break. */
export interface FrameFields {
	/** The event's own id. */
	id?: string | undefined;
	/**
	 * For events of the gateway, which have no id of their own: the id of the newest event that the
	 * stream has seen or was told about. To the browser an id like any other.
	 */
	position?: string | undefined;
	event: string;
	data: string;
	/** Milliseconds that the browser waits before it reconnects. */
	retry?: number | undefined;
}

/**
 * An event's bytes as every stream of it gets them; made once, shared, never changed. Around them, in
 * the same buffer, stands the framing of a chunk of HTTP/1.1, see {@link chunkOf}.
 */
export type Frame = Uint8Array;

const encoder = new TextEncoder();
const LINE_BREAKING = /[\r\n\0]/;

/**
 * WHATWG HTML, "9.2.5 Parsing an event stream". Fields that reach this point have been validated; a
 * line break in one is a bug in the caller and throws, so that no field can ever forge another.
 */
export function encodeFrame({ id, event, data, retry, position }: FrameFields): Frame {
	let text = retry === undefined ? "" : `retry: ${retry}\n`;
	if (id !== undefined) text += line("id", id);
	text += `${line("event", event)}data: ${data}\n`;
	if (position !== undefined) text += line("id", position);
	return encode(`${text}\n`);
}

function line(field: string, value: string): string {
	if (LINE_BREAKING.test(value)) throw new TypeError(`The field "${field}" must be one line.`);
	return `${field}: ${value}\n`;
}

/**
 * The frame as a chunk of HTTP/1.1 (RFC 9112, 7.1), ready for the socket.
 *
 * @param frame From {@link encodeFrame}: any other bytes have no chunk around them.
 */
export function chunkOf(frame: Frame): Uint8Array {
	const head = chunkHeadBytes(frame.byteLength);
	return new Uint8Array(
		frame.buffer,
		frame.byteOffset - head,
		head + frame.byteLength + LINE_END_BYTES
	);
}

/** Frames share slabs of this size: an ArrayBuffer a frame would cost more than the frame. */
const SLAB_BYTES = 65_536;
/** A frame that may be larger than this part of a slab has a buffer of its own. */
const MOST_IN_SLAB = SLAB_BYTES / 4;
const LINE_END_BYTES = 2;
const CR = 13;
const LF = 10;
/** The digits 0 to 9 stand behind each other, and so do a to f. */
const ZERO = "0".charCodeAt(0);
const TEN = "a".charCodeAt(0) - 10;

let slab: Uint8Array = new Uint8Array(0);
let used = 0;

/** UTF-8, cut from the current slab. Frames are made and let go of in the same order, and so are slabs. */
function encode(text: string): Frame {
	// A UTF-16 code unit takes three bytes at most.
	const mostBytes = text.length * 3;
	if (mostBytes > MOST_IN_SLAB) {
		const bytes = encoder.encode(text);
		const head = chunkHeadBytes(bytes.byteLength);
		const own = new Uint8Array(head + bytes.byteLength + LINE_END_BYTES);
		own.set(bytes, head);
		return frameAt(own, head, bytes.byteLength);
	}
	const mostHead = chunkHeadBytes(mostBytes);
	if (mostHead + mostBytes + LINE_END_BYTES > slab.byteLength - used) {
		slab = new Uint8Array(SLAB_BYTES);
		used = 0;
	}
	const start = used + mostHead;
	const { written } = encoder.encodeInto(text, slab.subarray(start));
	used = start + written + LINE_END_BYTES;
	return frameAt(slab, start, written);
}

/** Bytes of `<size in hexadecimal>\r\n`. */
function chunkHeadBytes(size: number): number {
	return size.toString(16).length + LINE_END_BYTES;
}

/** Writes the framing around a frame's bytes; by hand, which is faster than any encoder. */
function frameAt(buffer: Uint8Array, start: number, byteLength: number): Frame {
	const end = start + byteLength;
	buffer[end] = CR;
	buffer[end + 1] = LF;
	let at = start;
	buffer[--at] = LF;
	buffer[--at] = CR;
	for (let rest = byteLength; rest > 0; rest >>>= 4) {
		const digit = rest & 15;
		buffer[--at] = digit < 10 ? digit + ZERO : digit + TEN;
	}
	return buffer.subarray(start, end);
}
