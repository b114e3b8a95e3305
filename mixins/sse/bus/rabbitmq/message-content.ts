import { isAscii } from "node:buffer";
import { isRefusal, type Refusal } from "../../core/errors/refusal.ts";
import { readMessage } from "./message-codec.ts";
import { scanMessage } from "./message-scanner.ts";

/** An event of a message, not validated. */
export interface MessageEvent {
	readonly event: unknown;
	/** The payload's JSON, in one line, if the event is without: a part of the message. */
	readonly json: Uint8Array | undefined;
}

/** Node's own, which its types leave out: they decode without a look at their arguments. */
interface Slices {
	latin1Slice(from?: number, to?: number): string;
	utf8Slice(from?: number, to?: number): string;
}

/**
 * The events of a message.
 *
 * @param isOurs `SseMiddleware` wrote it: its payloads can be taken as they stand. Other programs write JSON in any way.
 */
export function readContent(content: Buffer, isOurs: boolean): readonly MessageEvent[] | Refusal {
	const slices = content as Buffer & Slices;
	const textOf = (from: number, to: number) => slices.utf8Slice(from, to);
	const written = isOurs
		? scanMessage(slices.latin1Slice(), isAscii(content) ? undefined : textOf)
		: undefined;
	if (written !== undefined) {
		const { buffer, byteOffset } = content;
		return written.map(({ address, from, to }) => ({
			event: address,
			json: new Uint8Array(buffer, byteOffset + from, to - from)
		}));
	}
	const events = readMessage(content.toString());
	return isRefusal(events) ? events : events.map(event => ({ event, json: undefined }));
}
