import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import { breakOff } from "./socket.ts";

export type StreamRequest = IncomingMessage | Http2ServerRequest;
export type StreamResponse = ServerResponse | Http2ServerResponse;

/** What carries a response: a socket, or a session of HTTP/2. */
export type Connection = IncomingMessage["socket"] | ServerHttp2Session;

/** Milliseconds that a session of HTTP/2 has to close when it is hung up. */
const SESSION_GRACE = 250;

export function isHttp2(response: StreamResponse): response is Http2ServerResponse {
	return "stream" in response;
}

/** Whether the client has left. */
export function isGone(request: StreamRequest, response: StreamResponse): boolean {
	if (isHttp2(response)) return response.stream.destroyed;
	// The response of a pipelining client's later request may be without a socket when the client leaves.
	return response.destroyed || (request as IncomingMessage).socket.destroyed;
}

export function connectionOf(
	request: StreamRequest,
	response: StreamResponse
): Connection | undefined {
	if (isHttp2(response)) return response.stream.session as ServerHttp2Session | undefined;
	// The request's: a response has none while it waits behind another of a pipelining client.
	return (request as IncomingMessage).socket;
}

/** Closes a connection when what was written to it has been sent. */
export function closeConnection(connection: Connection | undefined): void {
	if (connection === undefined) return;
	if ("destroySoon" in connection) connection.destroySoon();
	else closeSession(connection);
}

/**
 * Closes a session in order, and breaks it off if its peer does not take part: Node waits for ever for
 * the other side of a connection that stands still. Requests that are still being answered are waited for.
 */
function closeSession(session: ServerHttp2Session): void {
	if (session.closed || session.destroyed) return;
	// Now, while the session still has it. Node shows a proxy of the socket; what its `off` answers is the socket itself.
	const socket = session.socket.off("close", nothing);
	session.close();
	const timer = setTimeout(() => {
		// Destroyed: all is answered, and only the peer's end of the connection is missing.
		if (session.destroyed || session.state.outboundQueueSize !== 0) breakOff(socket);
	}, SESSION_GRACE);
	session.once("close", () => clearTimeout(timer));
}

function nothing(): void {}
