import type { IncomingMessage } from "node:http";

export type Socket = IncomingMessage["socket"];

/**
 * Closes a connection at once, and drops what the system has buffered for the client, where it can: a unix
 * socket, and TLS, have nothing to reset with. Never throws.
 */
export function breakOff(socket: Socket): void {
	try {
		socket.resetAndDestroy();
	} catch {
		socket.destroy();
	}
}
