import { isGone } from "../../http/connection.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

/** Whether the client has left, or has been answered by other code. */
export function isSettled(request: SseGatewayRequest, response: SseGatewayResponse): boolean {
	return response.headersSent || response.writableEnded || isGone(request, response);
}
