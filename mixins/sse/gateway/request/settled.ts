import { isGone } from "../../http/connection.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

/** Responses that are streams of the plugin's own. */
const streams = new WeakSet<object>();

/** A response has become a stream: it ends when the stream does. */
export function noteStream(response: SseGatewayResponse): void {
	streams.add(response);
}

/** Whether it is too late for an answer: the client has left, or one has begun. */
export function isSettled(request: SseGatewayRequest, response: SseGatewayResponse): boolean {
	return response.headersSent || isOver(request, response);
}

/** Whether nothing is left to be done for a request: its client has left, or has been answered. */
export function isOver(request: SseGatewayRequest, response: SseGatewayResponse): boolean {
	return isAnswered(response) || isGone(request, response);
}

/**
 * Whether a response has been ended, or is a stream of the plugin's own. It need not have left: responses to pipelined requests
 * wait for those before them. One whose head has been written is still somebody's to end.
 */
export function isAnswered(response: SseGatewayResponse): boolean {
	return response.writableEnded || streams.has(response);
}
