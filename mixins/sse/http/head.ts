import { type Answerable, isHttp2, type StreamResponse } from "./connection.ts";

/**
 * `no-store` keeps browsers from writing the stream to disk, which `no-cache` alone does not. `no-transform` keeps compressing
 * proxies from buffering it, and `X-Accel-Buffering` keeps nginx from it.
 */
const HEAD = {
	"Content-Type": "text/event-stream",
	"Cache-Control": "no-cache, no-store, no-transform",
	"X-Accel-Buffering": "no"
};

/** Writes the head of a stream. On HTTP/1.1 it is sent with the first bytes, or with the end. */
export function writeHead(response: StreamResponse): void {
	// No request can follow a stream on its connection, see node-detach.ts. HTTP/2 forbids the header (RFC 9113, 8.2.2).
	if (!isHttp2(response)) response.setHeader("Connection", "close");
	const answer: Answerable = response;
	answer.writeHead(200, HEAD);
}
