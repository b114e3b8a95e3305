import type { ServerHttp2Session } from "node:http2";
import { LOOK, MOST_SILENT } from "../closing.ts";
import { type Socket, socketOf } from "../socket.ts";
import { closeSession } from "./session-closing.ts";

/**
 * The HTTP/2 sessions of a gateway. A server that closes waits for them, and Node waits for ever for the other side of a
 * connection: one that stands still, or whose client never hangs up.
 */
export class Http2Sessions {
	/** With their sockets: a session that is destroyed has lost its own, and may still wait for its peer. */
	readonly #sessions = new Map<ServerHttp2Session, Socket>();
	/** Those that have not asked for anything yet. */
	readonly #silent = new Set<ServerHttp2Session>();
	#isClosing = false;

	/** How many are open. */
	get size(): number {
		return this.#sessions.size;
	}

	/** Takes sessions that may stay, after a {@link close} too. */
	open(): void {
		this.#isClosing = false;
	}

	/** Takes note of a session that has not asked for anything yet. */
	accept(session: ServerHttp2Session): void {
		if (session.destroyed) return;
		this.#silent.add(session);
		this.#note(session);
	}

	/** Takes note of a session that has asked for something; again is harmless. */
	add(session: ServerHttp2Session): void {
		const wasSilent = this.#silent.delete(session);
		if (!this.#sessions.has(session)) this.#note(session);
		else if (wasSilent && this.#isClosing) closeSession(session);
	}

	/** Closes all sessions, see {@link closeSession}, and those that are still to come. */
	close(): void {
		this.#isClosing = true;
		for (const [session, socket] of this.#sessions) this.#close(session, socket);
	}

	#note(session: ServerHttp2Session): void {
		if (session.destroyed) return;
		const socket = socketOf(session);
		if (socket.destroyed) {
			this.#silent.delete(session);
			session.destroy();
			return;
		}
		this.#sessions.set(session, socket);
		// Node 22.12 closes neither a session nor its streams if the client goes while frames are unsent.
		socket.once("close", () => session.destroy());
		session.once("close", () => {
			this.#sessions.delete(session);
			this.#silent.delete(session);
		});
		if (this.#isClosing) this.#close(session, socket);
	}

	#close(session: ServerHttp2Session, socket: Socket): void {
		if (!this.#silent.has(session)) {
			closeSession(session, socket);
			return;
		}
		const timer = setTimeout(() => closeSession(session, socket), LOOK * MOST_SILENT);
		session.once("close", () => clearTimeout(timer));
	}
}
