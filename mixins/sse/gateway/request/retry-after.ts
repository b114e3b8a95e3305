import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

const HEADER = "retry-after";

/**
 * Milliseconds for which the request is known to be refused again; 0 if nothing is known. The sources are a `Retry-After` (RFC
 * 9110, 10.2.3) in the error's `headers`, as `http-errors` has them, or on the response; and moleculer-web's rate limit, which
 * starts counting again at its `resetTime`.
 */
export function retryAfter(
	thrown: unknown,
	request: SseGatewayRequest,
	response: SseGatewayResponse
): number {
	const { headers, name } = (thrown ?? {}) as { headers?: unknown; name?: unknown };
	const resetTime = request.$route?.rateLimit?.store?.resetTime;
	const waits = [
		read(headerIn(headers)),
		read(headerIn(request.$ctx?.meta.$responseHeaders)),
		read(response.getHeader(HEADER)),
		name === "RateLimitExceeded" ? until(Number(resetTime)) : 0
	];
	return Math.max(...waits);
}

function headerIn(headers: unknown): unknown {
	if (typeof headers !== "object" || headers === null) return undefined;
	if (headers instanceof Headers) return headers.get(HEADER);
	return Object.entries(headers).find(([name]) => name.toLowerCase() === HEADER)?.[1];
}

/** Seconds, or a date. */
function read(value: unknown): number {
	if (typeof value !== "string" && typeof value !== "number") return 0;
	const text = String(value).trim();
	return /^\d+$/.test(text) ? Number(text) * 1000 : until(Date.parse(text));
}

/** @param time Milliseconds since 1970; an invalid time counts as past. */
function until(time: number): number {
	return Math.max(0, time - Date.now() || 0);
}
