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

/** An event's bytes as every stream of it gets them; made once, shared, never changed. */
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

/** Frames share slabs of this size: an ArrayBuffer a frame would cost more than the frame. */
const SLAB_BYTES = 65_536;

let slab: Uint8Array = new Uint8Array(0);
let used = 0;

/** UTF-8, cut from the current slab. Frames are made and let go of in the same order, and so are slabs. */
function encode(text: string): Frame {
	// A UTF-16 code unit takes three bytes at most.
	const mostBytes = text.length * 3;
	if (mostBytes > SLAB_BYTES / 4) return encoder.encode(text);
	if (mostBytes > slab.byteLength - used) {
		slab = new Uint8Array(SLAB_BYTES);
		used = 0;
	}
	const { written } = encoder.encodeInto(text, slab.subarray(used));
	const frame = slab.subarray(used, used + written);
	used += written;
	return frame;
}
