import type { ServerHttp2Session } from "node:http2";
import { LOOK, MOST_SILENT } from "../closing-limits.ts";
import { type Socket, socketOf } from "../socket.ts";
import { closeSession } from "./session-closing.ts";

/**
 * The HTTP/2 sessions of a gateway. A server that closes waits for them, and Node waits for ever for the other side of a
 * connection that stands still, or whose client never hangs up.
 */
export class Http2Sessions {
	/** Each with its socket: a destroyed session has lost it, and may still wait for its peer. */
	readonly #sessions = new Map<ServerHttp2Session, Socket>();
	/** Sessions that have not made a request yet. */
	readonly #silent = new Set<ServerHttp2Session>();
	#isClosing = false;

	/** Number of open sessions. */
	get size(): number {
		return this.#sessions.size;
	}

	/** Sessions may stay from now on, also after a {@link close}. */
	open(): void {
		this.#isClosing = false;
	}

	/** Adds a session that has not made a request yet. */
	accept(session: ServerHttp2Session): void {
		if (session.destroyed) return;
		this.#silent.add(session);
		this.#note(session);
	}

	/** Adds a session that has made a request; calling this again is harmless. */
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
		const socket = socketOf(session);
		if (socket === undefined || socket.destroyed) {
			this.#silent.delete(session);
			session.destroy();
			return;
		}
		this.#sessions.set(session, socket);
		// Node 22.12 closes neither a session nor its streams if the client leaves while frames are unsent.
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
