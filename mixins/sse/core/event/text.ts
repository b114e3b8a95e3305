import { reasonOf } from "../errors/guard.ts";
import { isRefusal, type Refusal, refuse } from "../errors/refusal.ts";

/** Separates two lines of a text in a frame: the second is the value of a field of its own. */
const NEXT_LINE = "\ndata: ";
const LINE_END = /\r\n|\r|\n/g;

const decoder = new TextDecoder();

/**
 * A payload as the text that its event's contract asks for, or a refusal of anything else. A frame could carry NUL (WHATWG
 * HTML, "9.2.5 Parsing an event stream"), but HTML and XML have none, and programs in C end a text there.
 */
export function readText(eventName: string, payload: unknown): string | Refusal {
	if (typeof payload !== "string") {
		return refuse(
			"payload",
			`"payload" of "${eventName}" takes a string, because its contract says as: "text": ` +
				`write what the page gets, or leave "as" out to send JSON.`,
			"contract"
		);
	}
	if (!payload.includes("\0")) return payload;
	return refuse(
		"payload",
		`"payload" of "${eventName}" contains NUL: leave it out of the text.`,
		"contract"
	);
}

/**
 * The same for a payload that has arrived over the bus, as the lines of a frame's `data`.
 *
 * @param json The payload as JSON, as text or in UTF-8.
 */
export function readTextLines(eventName: string, json: string | Uint8Array): string | Refusal {
	let payload: unknown;
	try {
		payload = JSON.parse(typeof json === "string" ? json : decoder.decode(json));
	} catch (error) {
		return refuse("json", `"json" of "${eventName}" is not JSON: ${reasonOf(error)}.`);
	}
	const text = readText(eventName, payload);
	return isRefusal(text) ? text : toLines(text);
}

/** A text as the lines of a frame's `data`, each in a field of its own: whatever it contains, it forges no field. */
export function toLines(text: string): string {
	return text.replace(LINE_END, NEXT_LINE);
}

/** The text that a client reads from these lines: every line break is LF. */
export function fromLines(lines: string): string {
	return lines.replaceAll(NEXT_LINE, "\n");
}
