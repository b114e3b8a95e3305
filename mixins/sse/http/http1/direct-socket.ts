import type { ServerResponse } from "node:http";
import { hasOwnWrite } from "../onlookers.ts";
import type { Socket } from "./node-detach.ts";

/**
 * The socket of a response that is Node's own throughout, and whose next bytes are the next on the connection; null if bytes
 * can never bypass the response, undefined if they cannot yet.
 */
export function directSocketOf(response: ServerResponse): Socket | null | undefined {
	// Without chunks (HTTP/1.0) the framing that was made is of no use.
	if (!hasOwnWrite(response) || !response.chunkedEncoding) return null;
	const { socket } = response;
	// A response has none while it waits behind another one of a pipelining client.
	if (socket === null) return undefined;
	// The response's count is the socket's, plus what it holds back itself.
	return response.writableLength === socket.writableLength ? socket : undefined;
}
