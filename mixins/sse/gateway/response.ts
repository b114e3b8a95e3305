import { closeFrame } from "../core/control.ts";
import { answerBriefly, answerForGood } from "../http/answer.ts";
import type { SentAway } from "./limits.ts";
import type { GatewayRequest, GatewayResponse } from "./types.ts";

/** Whether the client has gone, or has been answered by somebody else. */
export function isSettled(response: GatewayResponse): boolean {
	if (response.headersSent || response.writableEnded) return true;
	return "stream" in response ? response.stream.destroyed : response.destroyed;
}

/** Told in a stream that ends at once, as EventSource comes back from nothing else; or for good. */
export function sendAway(response: GatewayResponse, answer: SentAway): void {
	if (answer === "for good") answerForGood(response);
	else answerBriefly(response, closeFrame("limit", answer.retry));
}

/** What the request's handling needed and a stream does not: held, it would cost 2 KB a stream. */
export function release(request: GatewayRequest, response: GatewayResponse): void {
	request.$ctx = undefined;
	response.$ctx = undefined;
	request.$params = undefined;
	// Express makes `query` a getter, which an assignment would not survive.
	Reflect.set(request, "query", undefined);
}
