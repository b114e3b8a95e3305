import { Slab, type Written } from "./slab.ts";

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

/** The history keeps events for minutes, and lets go of them in the order in which they were made. */
const EVENTS = new Slab();
const LINE_BREAKING = /[\r\n\0]/;

/**
 * WHATWG HTML, "9.2.5 Parsing an event stream". Fields that reach this point have been validated; a
 * line break in one is a bug in the caller and throws, so that no field can ever forge another.
 *
 * @param slab What it is written into: frames that are not kept need another than events.
 */
export function encodeFrame(fields: FrameFields, slab: Slab = EVENTS): Frame {
	const { id, event, data, retry, position } = fields;
	let text = retry === undefined ? "" : `retry: ${retry}\n`;
	if (id !== undefined) text += line("id", id);
	text += `${line("event", event)}data: ${data}\n`;
	if (position !== undefined) text += line("id", position);
	return frameAt(slab.write(`${text}\n`, chunkHeadBytes, LINE_END_BYTES));
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

const LINE_END_BYTES = 2;
const CR = 13;
const LF = 10;
/** The digits 0 to 9 stand behind each other, and so do a to f. */
const ZERO = "0".charCodeAt(0);
const TEN = "a".charCodeAt(0) - 10;

/** Bytes of `<size in hexadecimal>\r\n`. */
function chunkHeadBytes(size: number): number {
	return size.toString(16).length + LINE_END_BYTES;
}

/** Writes the framing around a frame's bytes; by hand, which is faster than any encoder. */
function frameAt({ bytes, start, length }: Written): Frame {
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
