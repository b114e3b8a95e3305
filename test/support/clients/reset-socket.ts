import type { Socket } from "node:net";
import { breakOff } from "../../../mixins/sse/http/socket.ts";

/**
 * Leaves without a word: RST instead of FIN, where a connection has one to send (a unix socket, and TLS, have none).
 *
 * While a socket connects, Node's own `resetAndDestroy` waits, and looks no more at what became of it meanwhile: one that was
 * ended by then would stay open, without a "close".
 */
export function resetSocket(socket: Socket): void {
	if (socket.connecting) {
		socket.once("connect", () => resetSocket(socket));
		return;
	}
	breakOff(socket);
}
