import type { IncomingMessage } from "node:http";

export type Socket = IncomingMessage["socket"];

/**
 * Closes a connection at once, and drops what the system has buffered for the client, where it can: a unix socket, and
 * TLS, have nothing to reset with. Nor has a socket that was ended and still has to send what was written before: Node
 * would neither close it nor say so. Never throws.
 */
export function breakOff(socket: Socket): void {
	if (socket.writableEnded) {
		socket.destroy();
		return;
	}
	try {
		socket.resetAndDestroy();
	} catch {
		socket.destroy();
	}
}
