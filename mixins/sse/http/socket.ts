import type { IncomingMessage } from "node:http";
import type { ServerHttp2Session } from "node:http2";

export type Socket = IncomingMessage["socket"];

/** What a connection has of Node's sockets; one that an application has made from something else may lack it. */
type Counted = Partial<Pick<Socket, "bytesWritten" | "destroySoon">> & {
	_handle?: { writeQueueSize?: number } | null;
};

/**
 * A number that changes whenever the other side takes something. The system's own buffers cannot be seen: to Node, what they
 * hold has been sent.
 *
 * @param unsent Bytes that have not reached the socket yet, or have come no further.
 */
export function takenOf(socket: Socket, unsent: number = socket.writableLength): number {
	const { bytesWritten = 0 }: Counted = socket;
	return bytesWritten - unsent - queuedOf(socket);
}

/** Bytes that were written and that the system has not taken yet; Node's own idle timeout considers them as well. */
export function queuedOf(socket: Socket): number {
	return (socket as Counted)._handle?.writeQueueSize ?? 0;
}

/**
 * The socket of a session; undefined if the session is destroyed, which an application's own listener may have done. Node shows only
 * a proxy of it, whose `off` returns the socket itself.
 */
export function socketOf(session: ServerHttp2Session): Socket | undefined {
	if (session.destroyed) return undefined;
	try {
		return session.socket.off("close", nothing);
	} catch {
		// It has lost its socket in this very turn.
		return undefined;
	}
}

function nothing(): void {}

/** Lets a connection be silent without limit. */
export function letIdle(socket: Socket): void {
	(socket as Partial<Socket>).setTimeout?.(0);
}

/** Closes a connection once everything that was written to it has been sent. */
export function closeWhenSent(socket: Socket): void {
	const { destroySoon }: Counted = socket;
	if (destroySoon === undefined) socket.end();
	else destroySoon.call(socket);
}

/**
 * Closes a connection at once, and drops what the system has buffered for the client, where possible: a unix socket cannot be
 * reset. Nor can a socket that was ended, once the system has taken everything: Node would neither close it nor say so. Never
 * throws.
 */
export function breakOff(socket: Socket): void {
	if (socket.writableEnded && socket.writableLength === 0) {
		socket.destroy();
		return;
	}
	const connection = connectionOf(socket);
	try {
		connection.resetAndDestroy();
		if (connection === socket) return;
	} catch {}
	socket.destroy();
}

/** The TCP connection of a socket: of one with TLS, which cannot be reset itself, that below it. */
function connectionOf(socket: Socket): Socket {
	return (socket as { _parent?: Socket })._parent ?? socket;
}
