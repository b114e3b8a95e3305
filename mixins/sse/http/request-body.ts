import type { IncomingMessage } from "node:http";
import { isHttp2, type StreamRequest, type StreamResponse } from "./connection.ts";

/**
 * Reads the body of a request and drops it, unless other code reads it. Left unread, it would fill buffers, and hide that the
 * client leaves.
 */
export function dropBody(request: IncomingMessage): void {
	// Without a body, reading makes the request emit "close", which tells other code that the client has left.
	const hasBody = !request.complete || request.readableLength > 0;
	if (hasBody && request.readableFlowing === null) request.resume();
}

/**
 * Like {@link dropBody}, if the request is answered. Node does the same, but only when the answer has been sent, which never
 * happens behind a stream on the same connection.
 */
export function dropBodyOfAnswered(request: StreamRequest, response: StreamResponse): void {
	if (!isHttp2(response) && response.writableEnded) dropBody(request as IncomingMessage);
}
