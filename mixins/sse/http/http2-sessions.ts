import type { ServerHttp2Session } from "node:http2";
import { breakOff, queuedOf, type Socket, takenOf } from "./socket.ts";

/** Milliseconds between two looks at a session that is to close. */
const LOOK = 100;
/** Looks in which the gateway's own streams end. */
const OWN = 4;
/** Looks in a row after which a peer takes nothing of what is left of those, or does not hang up. */
const MOST_IDLE = 6;
const MOST_DONE = 4;
/**
 * The same if it gets answers to other requests. Of a slow peer not every look sees that it takes something: that makes
 * room in the system's buffers a third of them at a time.
 */
const MOST_IDLE_SERVED = 100;
const MOST_DONE_SERVED = 20;

/**
 * The HTTP/2 sessions that have carried a stream. A server that closes waits for them, and Node waits for ever for the
 * other side of a connection: one that stands still, or whose client never hangs up.
 */
export class Http2Sessions {
	/** With their sockets: a session that is destroyed has lost its own, and may still wait for its peer. */
	readonly #sessions = new Map<ServerHttp2Session, Socket>();

	/** How many are open. */
	get size(): number {
		return this.#sessions.size;
	}

	/** Takes note of a session; again is harmless. */
	add(session: ServerHttp2Session): void {
		if (this.#sessions.has(session) || session.destroyed) return;
		const socket = socketOf(session);
		if (socket.destroyed) {
			session.destroy();
			return;
		}
		this.#sessions.set(session, socket);
		// Node 22.12 closes neither a session nor its streams if the client goes while frames are unsent.
		socket.once("close", () => session.destroy());
		session.once("close", () => this.#sessions.delete(session));
	}

	/** Closes all sessions, see {@link closeSession}. */
	close(): void {
		for (const [session, socket] of this.#sessions) closeSession(session, socket);
	}
}

/** Those that are being closed. */
const closing = new WeakSet<ServerHttp2Session>();

/**
 * Closes a session in order; again is harmless. Requests that are still being answered are waited for, as long as the
 * peer takes what is sent to it; a peer that takes nothing, or has got everything and does not hang up, is broken off.
 */
export function closeSession(
	session: ServerHttp2Session,
	socket: Socket = socketOf(session)
): void {
	if (closing.has(session)) return;
	closing.add(session);
	if (!session.closed && !session.destroyed) session.close();
	if (socket.destroyed) return;
	let taken = takenOf(socket);
	let looks = 0;
	let idle = 0;
	let done = 0;
	let serves = false;
	const timer = setInterval(() => {
		const before = taken;
		taken = takenOf(socket);
		if (++looks > OWN) serves ||= isServing(session);
		const isSending =
			queuedOf(socket) > 0 || (!session.destroyed && session.state.outboundQueueSize !== 0);
		idle = isSending && taken === before ? idle + 1 : 0;
		// All is answered then, and sent, and only the peer's end of the connection is missing.
		done = session.destroyed && !isSending ? done + 1 : 0;
		const isIdle = idle >= (serves ? MOST_IDLE_SERVED : MOST_IDLE);
		if (isIdle || done >= (serves ? MOST_DONE_SERVED : MOST_DONE)) breakOff(socket);
	}, LOOK);
	socket.once("close", () => clearInterval(timer));
}

/** Whether a session has requests that are not answered yet; false where Node's insides are not the known ones. */
function isServing(session: ServerHttp2Session): boolean {
	const key = Object.getOwnPropertySymbols(session).find(symbol => symbol.description === "state");
	const state =
		key && (Reflect.get(session, key) as { streams?: Map<number, unknown> } | undefined);
	return (state?.streams?.size ?? 0) > 0;
}

/** The session's socket, of which Node shows a proxy: what the proxy's `off` answers is the socket itself. */
function socketOf(session: ServerHttp2Session): Socket {
	return session.socket.off("close", nothing);
}

function nothing(): void {}
