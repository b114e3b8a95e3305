import type { ServiceBroker } from "moleculer";
import { reasonOf } from "../../core/errors/guard.ts";
import { SEND } from "../../core/event/event.ts";

const USAGE = "Usage: sse send <sessionId> <eventName> [json]";

/** Runs `sse send` as it was typed. @param texts Names of the events that are texts. */
export async function runSend(
	broker: ServiceBroker,
	words: readonly string[],
	texts: ReadonlySet<string> = new Set()
): Promise<void> {
	console.log(await send(broker, words, texts));
}

/** @returns The line to print. */
async function send(
	broker: ServiceBroker,
	[sessionId, eventName, typed, ...rest]: readonly string[],
	texts: ReadonlySet<string>
): Promise<string> {
	if (sessionId === undefined) return `sse send: missing required argument 'sessionId'. ${USAGE}`;
	if (eventName === undefined) return `sse send: missing required argument 'eventName'. ${USAGE}`;
	const isText = texts.has(eventName);
	if (rest.length > 0) {
		const what = isText ? "text" : "JSON";
		return `Too many words. Put the ${what} in single quotes: '${[typed, ...rest].join(" ")}'`;
	}
	let payload: unknown = isText ? (typed ?? "") : {};
	try {
		if (typed !== undefined && !isText) payload = JSON.parse(typed);
	} catch (error) {
		return (
			`The payload is not JSON: ${reasonOf(error)}. ` +
			`Put it in single quotes, as in: sse send ${sessionId} ${eventName} '{"message":"hi"}'`
		);
	}
	try {
		await broker.broadcast(SEND, { eventName, sessionId, payload }, { throwError: true } as object);
		return `Sent "${eventName}" to ${sessionId === "*" ? "everyone" : `session "${sessionId}"`}.`;
	} catch (error) {
		return `Not sent: ${reasonOf(error)}`;
	}
}
