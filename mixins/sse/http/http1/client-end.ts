import type { Socket } from "../socket.ts";

/** Listens for the end of a connection, on which a pipelining client may have opened many streams. */
export function watchEnd(connection: Socket, onClose: () => void): void {
	const most = connection.getMaxListeners();
	if (most > 0 && connection.listenerCount("close") >= most) connection.setMaxListeners(0);
	connection.on("close", onClose);
}

/**
 * Ends a connection when its client ends its half: such a client has left. Node's HTTP server does the same, unless it is
 * configured otherwise.
 */
export function endWithClient(socket: Socket): void {
	if (!allowsHalfOpen(socket)) socket.once("end", endToo);
}

function allowsHalfOpen(socket: Socket): boolean {
	const { server } = socket as { server?: { httpAllowHalfOpen?: boolean } };
	return server?.httpAllowHalfOpen === true;
}

function endToo(this: Socket): void {
	this.end();
}
