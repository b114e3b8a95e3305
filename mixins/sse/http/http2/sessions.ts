import type { ServerHttp2Session } from "node:http2";
import { type Socket, socketOf } from "../socket.ts";
import { closeSession } from "./session-closing.ts";

/**
 * The HTTP/2 sessions of a gateway. A server that closes waits for them, and Node waits for ever for the other side of a
 * connection: one that stands still, or whose client never hangs up.
 */
export class Http2Sessions {
	/** With their sockets: a session that is destroyed has lost its own, and may still wait for its peer. */
	readonly #sessions = new Map<ServerHttp2Session, Socket>();
	#isClosing = false;

	/** How many are open. */
	get size(): number {
		return this.#sessions.size;
	}

	/** Takes sessions that may stay, after a {@link close} too. */
	open(): void {
		this.#isClosing = false;
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
		if (this.#isClosing) closeSession(session, socket);
	}

	/** Closes all sessions, see {@link closeSession}, and those that are still to come. */
	close(): void {
		this.#isClosing = true;
		for (const [session, socket] of this.#sessions) closeSession(session, socket);
	}
}
