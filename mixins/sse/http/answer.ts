import type { ServerResponse } from "node:http";
import type { Frame } from "../core/frame.ts";
import {
	closeConnection,
	connectionOf,
	type StreamRequest,
	type StreamResponse
} from "./connection.ts";
import { writeHead } from "./head.ts";

/**
 * Answers with a stream that ends at once, so that EventSource comes back, as it does from nothing but a
 * 200. A connection of HTTP/1.1 is not kept; one of HTTP/2 carries other requests.
 */
export function answerBriefly(response: StreamResponse, last: Frame): void {
	writeHead(response);
	(response as ServerResponse).end(last);
}

/** Answers with a stream that ends at once, and closes its connection, which keep-alive would hold. */
export function answerAndHangUp(
	request: StreamRequest,
	response: StreamResponse,
	last: Frame
): void {
	writeHead(response);
	const connection = connectionOf(request, response);
	(response as ServerResponse).end(last, () => closeConnection(connection));
}

/** Answers that there is nothing to come back for: EventSource stops (WHATWG HTML, 9.2.3). */
export function answerForGood(response: StreamResponse): void {
	(response as ServerResponse).writeHead(204).end();
}
