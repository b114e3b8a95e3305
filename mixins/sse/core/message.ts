import { type Refusal, refuse } from "./errors.ts";
import type { SseSend } from "./event.ts";

/** Indices of a message's events are below it. */
export const MOST_OF_A_MESSAGE = 1_000_000;

/** The content of a message with one event or several: an event as JSON, or an array of them. */
export function writeMessage(events: readonly string[]): string {
	return events.length === 1 ? (events[0] as string) : `[${events.join(",")}]`;
}

/** An event as it stands in a message. @param payload Already JSON. */
export function writeEvent({ eventName, sessionId }: SseSend, payload: string): string {
	const address = JSON.stringify({ eventName, sessionId });
	return `${address.slice(0, -1)},"payload":${payload}}`;
}

/** The events of a message, not validated: any program may publish one. */
export function readMessage(text: string): readonly unknown[] | Refusal {
	let content: unknown;
	try {
		content = JSON.parse(text);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		return refuse("content", `The message is not JSON: ${reason}.`);
	}
	if (!Array.isArray(content)) return [content];
	if (content.length <= MOST_OF_A_MESSAGE) return content;
	return refuse("content", `The message holds more than ${MOST_OF_A_MESSAGE} events.`);
}
