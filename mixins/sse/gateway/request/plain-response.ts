import { type Answerable, cancel, isHttp2 } from "../../http/connection.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { isSettled } from "./settled.ts";

/** Headers of a body that other code has prepared, and that is not sent. */
const OF_ANOTHER_BODY = [
	"Content-Length",
	"Content-Encoding",
	"Content-Range",
	"Transfer-Encoding",
	"ETag",
	"Last-Modified"
];

/** Removes what describes a body that is not sent. */
export function dropBodyHeaders(response: SseGatewayResponse): void {
	for (const name of OF_ANOTHER_BODY) response.removeHeader(name);
}

/** Whether the client has not taken what was written, which an HTTP/2 response does not say itself. */
export function isBlocked(response: SseGatewayResponse): boolean {
	return (isHttp2(response) ? response.stream : response).writableNeedDrain;
}

export function breakOff(response: SseGatewayResponse): void {
	if (isHttp2(response)) cancel(response.stream);
	else response.destroy();
}

/** Answers a request, if that is still possible. */
export function answer(
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	status: number,
	headers: Readonly<Record<string, string>>,
	body: Buffer = Buffer.alloc(0)
): void {
	if (isSettled(request, response)) return;
	const plain: Answerable = response;
	plain.writeHead(status, { ...headers, "Content-Length": String(body.byteLength) });
	if (request.method === "HEAD") plain.end();
	else plain.end(body);
}
