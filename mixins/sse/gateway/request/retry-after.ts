import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

const HEADER = "retry-after";

/**
 * Milliseconds for which it is known that the request would be refused again; 0 if nothing is known. It is told by a
 * `Retry-After` (RFC 9110, 10.2.3) that the error carries in `headers`, as those of `http-errors` do, or that somebody
 * has given the response; and by moleculer-web's rate limit, which counts anew at its `resetTime`.
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

/** @param time Milliseconds since 1970; anything that is no time counts as the past. */
function until(time: number): number {
	return Math.max(0, time - Date.now() || 0);
}
