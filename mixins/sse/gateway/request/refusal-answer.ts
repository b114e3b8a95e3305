import { STATUS_CODES } from "node:http";
import { statusOf } from "../../core/errors/transient.ts";
import { type Answerable, isHttp2 } from "../../http/connection.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { answer, breakOff, dropBodyHeaders } from "./plain-response.ts";
import { isOver } from "./settled.ts";

const HEADERS = { "Content-Type": "application/json; charset=utf-8" };

/**
 * Refuses a request that nobody else refuses, because the application's own error handling has failed. An answer that has begun
 * comes to its end; nothing happens if it has ended. Never throws.
 *
 * @param error Why it is refused. Only the plugin's own errors are shown: an application may have an `onError` to hide others.
 */
export function refuse(
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	error: unknown
): void {
	try {
		if (response.headersSent) {
			if (!isOver(request, response)) finish(request, response);
			return;
		}
		const status = statusOf(error) ?? 500;
		const body = Buffer.from(JSON.stringify(bodyOf(error, status)));
		dropBodyHeaders(response);
		answer(request, response, status, HEADERS, body);
	} catch {
		breakOff(response);
	}
}

/**
 * Ends an answer that somebody else has begun and will not end. If it refuses the request, its status is all that the client needs:
 * EventSource comes back after an error of the network, again and again. Anything else would look whole.
 */
function finish(request: SseGatewayRequest, response: SseGatewayResponse): void {
	if (response.statusCode < 400) {
		breakOff(response);
		return;
	}
	// Whoever began it may write on.
	response.on("error", () => {});
	// The announced length of its body cannot be read again; a connection that stays open would leave the client waiting for the rest.
	if (!isHttp2(response)) response.once("finish", () => request.socket.destroySoon());
	const begun: Answerable = response;
	begun.end();
}

/** As moleculer-web writes it. */
function bodyOf(error: unknown, status: number): object {
	if (!(error instanceof SseError)) return { code: status, message: STATUS_CODES[status] };
	const { name, message, code, type, data } = error;
	return { name, message, code, type, data };
}
