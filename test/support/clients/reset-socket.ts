import type { Socket } from "node:net";

/**
 * Leaves without a word: RST instead of FIN, where a connection has one to send (a unix socket, and TLS, have none).
 *
 * Of a socket that was ended, and still has to say so, Node's own `resetAndDestroy` would leave the connection open, and
 * emit no "close": the system refuses it with EINVAL. While it connects Node waits, and looks no more at what became of
 * it meanwhile.
 */
export function resetSocket(socket: Socket): void {
	if (socket.connecting) {
		socket.once("connect", () => resetSocket(socket));
		return;
	}
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
