import { reasonOf } from "../../core/errors/guard.ts";
import { type Refusal, refuse } from "../../core/errors/refusal.ts";
import type { Address } from "../../core/event/event.ts";

/** Most events of a message; their indices are below it. */
export const MOST_OF_A_MESSAGE = 1_000_000;

/**
 * The content of a message with one event or several: an event as JSON, or an array of events, each on a line of its own.
 *
 * @param events From {@link writeEvent}: none of them has a line break.
 */
export function writeMessage(events: readonly string[]): string {
	if (events.length === 0) return "[]";
	return events.length === 1 ? (events[0] as string) : `[\n${events.join(",\n")}\n]`;
}

/** An event as it is written in a message. @param json Its payload. */
export function writeEvent({ eventName, sessionId }: Address, json: string): string {
	const address = JSON.stringify({ eventName, sessionId });
	return `${address.slice(0, -1)},"payload":${json}}`;
}

/** The events of a message, not validated: any program may publish one. */
export function readMessage(text: string): readonly unknown[] | Refusal {
	let content: unknown;
	try {
		content = JSON.parse(text);
	} catch (error) {
		return refuse("content", `The message is not JSON: ${reasonOf(error)}.`);
	}
	if (!Array.isArray(content)) return [content];
	if (content.length <= MOST_OF_A_MESSAGE) return content;
	return refuse("content", `The message holds more than ${MOST_OF_A_MESSAGE} events.`);
}
