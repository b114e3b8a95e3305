import type { Address } from "../../../core/event/event.ts";
import { MOST_OF_A_MESSAGE } from "../message-codec.ts";

/** An event of a message whose payload has not been parsed. Not validated. */
export interface ScannedEvent {
	readonly address: Partial<Address>;
	/** The bytes of the message that are the payload's JSON; they are on one line. */
	readonly from: number;
	readonly to: number;
}

/** Reads some of the bytes as UTF-8. */
type ReadText = (from: number, to: number) => string;

const NAME = '{"eventName":"';
const SESSION = '","sessionId":"';
/** Never within a text or a key, in which a quotation mark has a backslash before it. */
const PAYLOAD = ',"payload":';
const CLOSING_BRACE = "}".charCodeAt(0);

/**
 * The events of a message written by `writeMessage`, with the place of their payloads, so that these are passed on as they are;
 * undefined if the message is written otherwise. The payloads are known to have no control character that could forge a field
 * of a frame.
 *
 * @param bytes The message, one character per byte.
 * @param textOf Left out if all bytes are ASCII.
 */
export function scanMessage(bytes: string, textOf?: ReadText): ScannedEvent[] | undefined {
	// JSON without indentation has neither, and line breaks only between events.
	if (bytes.includes("\r") || bytes.includes("\0")) return undefined;
	const isList = bytes.startsWith("[\n");
	if (isList ? !bytes.endsWith("\n]") : bytes.includes("\n")) return undefined;
	const end = isList ? bytes.length - 2 : bytes.length;
	const events: ScannedEvent[] = [];
	for (let start = isList ? 2 : 0; start < end; ) {
		const found = isList ? bytes.indexOf("\n", start) : end;
		// The event before the last line break ends with it, the others with a comma before theirs.
		const lineEnd = found === end ? end : found - 1;
		const event = readLine(bytes, start, lineEnd, textOf);
		if (event === undefined || events.length === MOST_OF_A_MESSAGE) return undefined;
		events.push(event);
		start = found + 1;
	}
	return events.length === 0 ? undefined : events;
}

function readLine(
	bytes: string,
	start: number,
	end: number,
	textOf: ReadText | undefined
): ScannedEvent | undefined {
	const addressEnd = bytes.indexOf(PAYLOAD, start);
	const from = addressEnd + PAYLOAD.length;
	const to = end - 1;
	if (addressEnd < 0 || from >= to || bytes.charCodeAt(to) !== CLOSING_BRACE) return undefined;
	const address =
		textOf === undefined
			? (readPlain(bytes, start, addressEnd) ?? parse(bytes.slice(start, addressEnd)))
			: parse(textOf(start, addressEnd));
	return address && { address, from, to };
}

/** Most addresses are one session's and have nothing to unescape. */
function readPlain(bytes: string, start: number, end: number): Address | undefined {
	if (!bytes.startsWith(NAME, start)) return undefined;
	const nameStart = start + NAME.length;
	const nameEnd = bytes.indexOf('"', nameStart);
	if (!bytes.startsWith(SESSION, nameEnd)) return undefined;
	const eventName = bytes.slice(nameStart, nameEnd);
	const sessionStart = nameEnd + SESSION.length;
	const sessionEnd = bytes.indexOf('"', sessionStart);
	if (sessionEnd !== end - 1) return undefined;
	const sessionId = bytes.slice(sessionStart, sessionEnd);
	if (eventName.includes("\\") || sessionId.includes("\\")) return undefined;
	return { eventName, sessionId };
}

function parse(head: string): Partial<Address> | undefined {
	if (!head.startsWith(NAME)) return undefined;
	try {
		return JSON.parse(`${head}}`);
	} catch {
		return undefined;
	}
}
