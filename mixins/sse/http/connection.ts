import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";

export type StreamRequest = IncomingMessage | Http2ServerRequest;
export type StreamResponse = ServerResponse | Http2ServerResponse;

/** How a response of either protocol is answered: TypeScript resolves no overloads of a union. */
export interface Answerable {
	writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
	end(): unknown;
	end(body: Uint8Array): unknown;
}

export function isHttp2(response: StreamResponse): response is Http2ServerResponse {
	return "stream" in response;
}

/** Whether the client has left. */
export function isGone(request: StreamRequest, response: StreamResponse): boolean {
	if (isHttp2(response)) return response.stream.destroyed;
	// The response to a pipelined request may have no socket when the client leaves.
	return response.destroyed || (request as IncomingMessage).socket.destroyed;
}

/** Cancels one HTTP/2 stream, whatever its client has not taken. */
export function cancel(stream: Http2ServerResponse["stream"]): void {
	stream.close(constants.NGHTTP2_CANCEL);
	// The reset alone would wait behind what the client does not take.
	stream.destroy();
}
