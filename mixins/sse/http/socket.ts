import type { IncomingMessage } from "node:http";
import type { ServerHttp2Session } from "node:http2";

export type Socket = IncomingMessage["socket"];

/** What a connection has of Node's sockets; one that an application has made of something else may lack it. */
type Counted = Partial<Pick<Socket, "bytesWritten" | "destroySoon">> & {
	_handle?: { writeQueueSize?: number } | null;
};

/**
 * A number that changes whenever the other side takes something. The system's own buffers are out of sight: to Node
 * what they hold has been sent.
 *
 * @param unsent Bytes that are not with the socket yet, or only there.
 */
export function takenOf(socket: Socket, unsent: number = socket.writableLength): number {
	const { bytesWritten = 0 }: Counted = socket;
	return bytesWritten - unsent - queuedOf(socket);
}

/** Bytes of what was written that the system has not taken yet; Node's own idle timeout looks there as well. */
export function queuedOf(socket: Socket): number {
	return (socket as Counted)._handle?.writeQueueSize ?? 0;
}

/** The socket of a session, of which Node shows a proxy: what the proxy's `off` answers is the socket itself. */
export function socketOf(session: ServerHttp2Session): Socket {
	return session.socket.off("close", nothing);
}

function nothing(): void {}

/** Lets a connection be silent for as long as it likes. */
export function letIdle(socket: Socket): void {
	(socket as Partial<Socket>).setTimeout?.(0);
}

/** Closes a connection when what was written to it has been sent. */
export function closeWhenSent(socket: Socket): void {
	const { destroySoon }: Counted = socket;
	if (destroySoon === undefined) socket.end();
	else destroySoon.call(socket);
}

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
