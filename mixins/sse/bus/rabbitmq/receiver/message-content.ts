import { isAscii } from "node:buffer";
import { isRefusal, type Refusal } from "../../../core/errors/refusal.ts";
import { readMessage } from "../message-codec.ts";
import { scanMessage } from "./message-scanner.ts";

/** An event in a message, not validated. */
export interface MessageEvent {
	readonly event: unknown;
	/** The payload's JSON, in one line, if `event` is without it: a part of the message. */
	readonly json: Uint8Array | undefined;
}

/** Node's own methods, which its types leave out: they decode without checking their arguments. */
interface Slices {
	latin1Slice(from?: number, to?: number): string;
	utf8Slice(from?: number, to?: number): string;
}

/**
 * The events of a message.
 *
 * @param isOurs Whether `SseMiddleware` wrote it: then its payloads can be used as they are. Other programs write JSON in any
 * form.
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
