import type { Socket } from "node:net";
import { breakOff } from "../../../mixins/sse/http/socket.ts";

/**
 * Leaves abruptly: RST instead of FIN, if a connection has one to send (a unix socket, and TLS, have none).
 *
 * While a socket connects, Node's own `resetAndDestroy` waits, and no longer checks what became of it meanwhile: one that was
 * ended by then would stay open, without a "close".
 */
export function resetSocket(socket: Socket): void {
	if (socket.connecting) {
		socket.once("connect", () => resetSocket(socket));
		return;
	}
	breakOff(socket);
}
