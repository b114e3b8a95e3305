import { closeFrame } from "../../core/event/control-events.ts";
import { answerBriefly, answerForGood } from "../../http/answer.ts";
import { isGone } from "../../http/connection.ts";
import type { LetGo } from "../../http/transport.ts";
import type { SentAway } from "../limits/limits.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

/** Whether the client has left, or has been answered by other code. */
export function isSettled(request: SseGatewayRequest, response: SseGatewayResponse): boolean {
	return response.headersSent || response.writableEnded || isGone(request, response);
}

/** Sends a client away in a stream that ends at once, because EventSource reconnects after nothing else; or for good. */
export function sendAway(response: SseGatewayResponse, answer: SentAway): void {
	if (answer === "for good") answerForGood(response);
	else answerBriefly(response, closeFrame("limit", answer.retry));
}

/** Removes what the request's handling needed and a stream does not: kept, it would cost 2 KB per stream. */
export const letGo: LetGo = (request: SseGatewayRequest, response: SseGatewayResponse): void => {
	request.$ctx = undefined;
	response.$ctx = undefined;
	request.$params = undefined;
	// Express makes `query` a getter, on which an assignment would throw.
	Reflect.set(request, "query", undefined);
};
