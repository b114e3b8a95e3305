import type { ServerHttp2Session } from "node:http2";
import type { Frame } from "../core/event/frame.ts";
import { type Answerable, cancel, isHttp2, type StreamResponse } from "./connection.ts";
import { writeHead } from "./head.ts";
import { Patience } from "./patience.ts";

/** Milliseconds that a client has to take an answer. */
const GRACE = 2000;

/**
 * Answers with a stream that ends at once, because EventSource reconnects only after a 200. An HTTP/1.1 connection is closed
 * afterwards. An HTTP/2 session carries other requests, and an answer that waits there for a closed flow-control window is
 * cancelled.
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

/** Like {@link answerBriefly}, and asks an HTTP/2 client to come back on another connection, which may lead to another node. */
export function answerAndHangUp(response: StreamResponse, last: Frame): void {
	if (isHttp2(response)) {
		const session = response.stream.session as ServerHttp2Session | undefined;
		response.once("finish", () => session?.destroyed === false && session.close());
	}
	answerBriefly(response, last);
}

/** Answers that there is nothing to come back for: EventSource stops (WHATWG HTML, 9.2.3). */
export function answerForGood(response: Answerable): void {
	// Two statements: code that wraps `writeHead` may return nothing.
	response.writeHead(204);
	response.end();
}
