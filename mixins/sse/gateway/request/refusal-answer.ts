import { STATUS_CODES } from "node:http";
import { statusOf } from "../../core/errors/transient.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { answer, dropBodyHeaders } from "./plain-response.ts";

const HEADERS = { "Content-Type": "application/json; charset=utf-8" };

/**
 * Refuses a request that nobody else refuses, because the application's own error handling has failed; nothing happens if it has
 * been answered. Never throws.
 *
 * @param error Why it is refused. Only the plugin's own errors are shown: an application may have an `onError` to hide others.
 */
export function refuse(
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	error: unknown
): void {
	try {
		const status = statusOf(error) ?? 500;
		const body = Buffer.from(JSON.stringify(bodyOf(error, status)));
		if (!response.headersSent) dropBodyHeaders(response);
		answer(request, response, status, HEADERS, body);
	} catch {
		response.destroy();
	}
}

/** As moleculer-web writes it. */
function bodyOf(error: unknown, status: number): object {
	if (!(error instanceof SseError)) return { code: status, message: STATUS_CODES[status] };
	const { name, message, code, type, data } = error;
	return { name, message, code, type, data };
}
