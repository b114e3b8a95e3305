import type { IncomingMessage } from "node:http";
import { isHttp2, type StreamRequest, type StreamResponse } from "./connection.ts";

/**
 * Reads the body of a request, and drops it, unless somebody reads it: it would fill buffers, and behind it nobody sees
 * the client leave.
 */
export function dropBody(request: IncomingMessage): void {
	// Without one, reading would have the request "close", by which others tell that the client has left.
	const hasBody = !request.complete || request.readableLength > 0;
	if (hasBody && request.readableFlowing === null) request.resume();
}

/**
 * As {@link dropBody}, if the request is answered. Node does the same, but only when the answer has been sent, which one
 * behind a stream of the same connection never is.
 */
export function dropBodyOfAnswered(request: StreamRequest, response: StreamResponse): void {
	if (!isHttp2(response) && response.writableEnded) dropBody(request as IncomingMessage);
}
