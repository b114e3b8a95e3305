import type { ServerHttp2Session } from "node:http2";
import type { Frame } from "../core/event/frame.ts";
import { type Answerable, cancel, isHttp2, type StreamResponse } from "./connection.ts";
import { writeHead } from "./head.ts";
import { Patience } from "./patience.ts";

/** Milliseconds that a client has to take an answer. */
const GRACE = 2000;

/**
 * Answers with a stream that ends at once, so that EventSource comes back, as it does from nothing but a
 * 200. A connection of HTTP/1.1 is not kept; one of HTTP/2 carries other requests, and an answer that waits there
 * behind a window that is shut is broken off.
 */
export function answerBriefly(response: StreamResponse, last: Frame): void {
	writeHead(response);
	const answer: Answerable = response;
	answer.end(last);
	if (!isHttp2(response)) return;
	const { stream } = response;
	const deadline = new Patience(GRACE, () => cancel(stream));
	stream.once("close", () => deadline.stop());
}

/** As {@link answerBriefly}, and asks a client of HTTP/2 to come back on another connection, which may be to another node. */
export function answerAndHangUp(response: StreamResponse, last: Frame): void {
	if (isHttp2(response)) {
		const session = response.stream.session as ServerHttp2Session | undefined;
		response.once("finish", () => session?.destroyed === false && session.close());
	}
	answerBriefly(response, last);
}

/** Answers that there is nothing to come back for: EventSource stops (WHATWG HTML, 9.2.3). */
export function answerForGood(response: Answerable): void {
	// Not in one: what wraps `writeHead` may answer nothing.
	response.writeHead(204);
	response.end();
}
