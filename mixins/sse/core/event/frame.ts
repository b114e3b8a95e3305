import { type Chunked, joinChunked } from "./chunk.ts";
import type { Slab } from "./slab.ts";

/** The fields of one frame. */
export interface FrameFields {
	/** The event's own id. */
	id?: string | undefined;
	/**
	 * For control events, which have no id of their own: a resume token for what the stream has seen or was told about. To the
	 * browser it is an id like any other.
	 */
	position?: string | undefined;
	event: string;
	/**
	 * As text, or as its UTF-8. One line, like JSON without indentation, or several, as `toLines` makes them of a text: no line
	 * of it may be a field that the caller does not intend.
	 */
	data: string | Uint8Array;
	/** Milliseconds that the browser waits before it reconnects. */
	retry?: number | undefined;
}

/** An event's bytes as all its streams get them; made once, shared, never changed. */
export type Frame = Chunked;

const encoder = new TextEncoder();
const LINE_BREAKING = /[\r\n\0]/;

/**
 * WHATWG HTML, "9.2.5 Parsing an event stream". Fields that reach this point have been validated; a line break in one is a bug
 * in the caller and throws, so that no field can ever forge another.
 *
 * @param slab Memory for it, shared with frames that live about as long; default: a buffer of its own.
 */
export function encodeFrame(fields: FrameFields, slab?: Slab): Frame {
	const { id, event, data, retry, position } = fields;
	let text = retry === undefined ? "" : `retry: ${retry}\n`;
	if (id !== undefined) text += line("id", id);
	text += `${line("event", event)}data: `;
	const end = position === undefined ? "\n\n" : `\n${line("id", position)}\n`;
	if (typeof data === "string") {
		text += data + end;
		return slab === undefined ? joinChunked([encoder.encode(text)]) : slab.write(text);
	}
	const parts = [encoder.encode(text), data, encoder.encode(end)];
	return slab === undefined ? joinChunked(parts) : slab.join(parts);
}

const ID = encoder.encode("id: ");
const LF = 10;

/** The data of a frame that was encoded with these fields and no others, as a view of its bytes. */
export function dataOf(frame: Frame, { id, event }: Pick<FrameFields, "id" | "event">): Uint8Array {
	const head = (id === undefined ? "" : line("id", id)) + line("event", event);
	return frame.subarray(encoder.encode(`${head}data: `).byteLength, frame.byteLength - 2);
}

/** The same event without its id, if the client must not take that for its place. */
export function withoutId(frame: Frame): Frame {
	if (!ID.every((byte, index) => frame[index] === byte)) return frame;
	return joinChunked([frame.subarray(frame.indexOf(LF) + 1)]);
}

function line(field: string, value: string): string {
	if (LINE_BREAKING.test(value)) throw new TypeError(`The field "${field}" must be one line.`);
	return `${field}: ${value}\n`;
}
