import { isGone } from "../../http/connection.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

/** Whether the client has left, or has been answered by other code. */
export function isSettled(request: SseGatewayRequest, response: SseGatewayResponse): boolean {
	return isAnswered(response) || isGone(request, response);
}

/** Whether an answer has begun, which need not have left: responses to pipelined requests wait for those before them. */
export function isAnswered(response: SseGatewayResponse): boolean {
	return response.headersSent || response.writableEnded;
}
