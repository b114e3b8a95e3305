import type { ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import type { Frame } from "../core/frame.ts";
import { isHttp2, type StreamResponse } from "./connection.ts";
import { writeHead } from "./head.ts";
import { closeSession } from "./http2-sessions.ts";

/**
 * Answers with a stream that ends at once, so that EventSource comes back, as it does from nothing but a
 * 200. A connection of HTTP/1.1 is not kept; one of HTTP/2 carries other requests.
 */
export function answerBriefly(response: StreamResponse, last: Frame): void {
	writeHead(response);
	(response as ServerResponse).end(last);
}

/** As {@link answerBriefly}, and closes a session of HTTP/2 too, which a server that is about to close would wait for. */
export function answerAndHangUp(response: StreamResponse, last: Frame): void {
	if (isHttp2(response)) {
		const session = response.stream.session as ServerHttp2Session | undefined;
		response.once("finish", () => session && !session.destroyed && closeSession(session));
	}
	answerBriefly(response, last);
}

/** Answers that there is nothing to come back for: EventSource stops (WHATWG HTML, 9.2.3). */
export function answerForGood(response: StreamResponse): void {
	(response as ServerResponse).writeHead(204).end();
}
