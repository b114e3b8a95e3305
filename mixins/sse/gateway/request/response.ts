import { closeFrame } from "../../core/event/control-events.ts";
import { answerBriefly, answerForGood } from "../../http/answer.ts";
import { isGone } from "../../http/connection.ts";
import type { LetGo } from "../../http/transport.ts";
import type { SentAway } from "../limits/limits.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

/** Whether the client has gone, or has been answered by somebody else. */
export function isSettled(request: SseGatewayRequest, response: SseGatewayResponse): boolean {
	return response.headersSent || response.writableEnded || isGone(request, response);
}

/** Told in a stream that ends at once, as EventSource comes back from nothing else; or for good. */
export function sendAway(response: SseGatewayResponse, answer: SentAway): void {
	if (answer === "for good") answerForGood(response);
	else answerBriefly(response, closeFrame("limit", answer.retry));
}

/** Takes out what the request's handling needed and a stream does not: held, it would cost 2 KB a stream. */
export const letGo: LetGo = (request: SseGatewayRequest, response: SseGatewayResponse): void => {
	request.$ctx = undefined;
	response.$ctx = undefined;
	request.$params = undefined;
	// Express makes `query` a getter, which an assignment would not survive.
	Reflect.set(request, "query", undefined);
};
