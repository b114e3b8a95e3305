import type { Server, ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import { guard, stackOf } from "../core/errors/guard.ts";
import { ThrottledLog } from "../core/util/throttled-log.ts";
import { LOOK } from "./closing-limits.ts";
import { isHttp2, type StreamRequest, type StreamResponse } from "./connection.ts";
import { ClosingConnection } from "./http1/closing-connection.ts";
import { Http2Sessions } from "./http2/sessions.ts";
import { type Socket, socketOf } from "./socket.ts";

/**
 * The connections of a gateway, which end with it: those of its own server, and the HTTP/2 sessions of all requests. A server
 * that closes waits for its connections, and Node closes only those that have made a request and wait for more. A client that
 * asks for nothing, or sends half a request, would be waited for as long as it likes.
 */
export class ServerConnections {
	readonly #sessions = new Http2Sessions();
	/** HTTP/1.1 connections without streams: one with a stream ends with it. */
	readonly #sockets = new Set<Socket>();
	/** Responses to the last request on each of them. An idle connection must not keep what a request held. */
	readonly #newest = new WeakMap<Socket, WeakRef<ServerResponse>>();
	/** TLS connections during their handshake. */
	readonly #handshakes = new Set<Socket>();
	/** Connections that are to close, added at their first check. */
	readonly #closing = new Map<Socket, ClosingConnection>();
	readonly #faults: ThrottledLog;
	#server: Server | undefined;
	#timer: NodeJS.Timeout | undefined;

	/** @param log Hears of connections that cannot be watched: in the listeners of a server, an error would end the process. */
	constructor(log: (text: string) => void) {
		this.#faults = new ThrottledLog(log);
	}

	/**
	 * Connections may stay from now on, also after a {@link close}.
	 *
	 * @param server The gateway's own, if there is one, before it listens.
	 */
	open(server: Server | undefined): void {
		this.#stopLooking();
		this.#sessions.open();
		if (server === this.#server) return;
		this.#unwatch();
		if (server !== undefined) this.#watch(server);
	}

	/** Notes a request, of any server. */
	arrived(response: StreamResponse): void {
		if (isHttp2(response)) {
			const { session } = response.stream;
			if (session !== undefined) this.#sessions.add(session as ServerHttp2Session);
			return;
		}
		// In place of Node's own request there may be one that has no socket.
		const socket = response.req?.socket as Socket | undefined;
		if (socket === undefined || !this.#sockets.has(socket)) return;
		const before = this.#unfinishedOn(socket);
		this.#newest.set(socket, new WeakRef(response));
		if (this.#timer === undefined) return;
		response.shouldKeepAlive = false;
		if (before === undefined || before.headersSent) return;
		// It was taken for the last one.
		if (this.#closing.get(socket)?.takesMore() !== false) before.shouldKeepAlive = true;
	}

	/** The response to the last request on a connection, if it is known and not finished: Node keeps it until then. */
	#unfinishedOn(socket: Socket): ServerResponse | undefined {
		const newest = this.#newest.get(socket)?.deref();
		return newest?.writableFinished === false ? newest : undefined;
	}

	/** A stream has begun on a request's connection, which it will end when it ends. */
	streams({ socket }: StreamRequest): void {
		// HTTP/2 shows a proxy, which is never in there.
		if (this.#sockets.delete(socket)) socket.off("close", this.#forget);
		this.#newest.delete(socket);
	}

	/**
	 * Closes all connections, and those that are still to come, once their requests are answered. All of them have closed when
	 * the server has.
	 */
	close(): void {
		this.#sessions.close();
		if (this.#server === undefined) return;
		this.#timer ??= setInterval(() => {
			this.#look(this.#sockets, false);
			this.#look(this.#handshakes, true);
			for (const socket of this.#closing.keys()) {
				if (socket.destroyed) this.#closing.delete(socket);
			}
		}, LOOK).unref();
	}

	/** Call this after {@link close}: a server that does not listen by now never will, and does not report that it closes. */
	finish(): void {
		if (this.#server?.listening !== true) this.#unwatch();
	}

	#look(sockets: ReadonlySet<Socket>, isHandshake: boolean): void {
		for (const socket of sockets) {
			let connection = this.#closing.get(socket);
			if (connection === undefined) {
				connection = new ClosingConnection(socket, isHandshake);
				this.#closing.set(socket, connection);
			}
			connection.look(this.#unfinishedOn(socket));
		}
	}

	#watch(server: Server): void {
		this.#server = server;
		// Before Node's own listener, which may emit "session".
		if ("setSecureContext" in server) {
			server.prependListener("connection", this.#onHandshake);
			server.prependListener("secureConnection", this.#onSecure);
		} else {
			server.prependListener("connection", this.#onConnection);
		}
		server.on("session", this.#onSession);
		server.on("close", this.#unwatch);
	}

	readonly #unwatch = (): void => {
		this.#stopLooking();
		this.#server?.off("connection", this.#onHandshake);
		this.#server?.off("secureConnection", this.#onSecure);
		this.#server?.off("connection", this.#onConnection);
		this.#server?.off("session", this.#onSession);
		this.#server?.off("close", this.#unwatch);
		this.#server = undefined;
	};

	#stopLooking(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.#closing.clear();
	}

	readonly #onFault = (error: Error): void =>
		this.#faults.add(
			`SSE: a connection cannot be watched, and may hold up a stop: ${stackOf(error)}`
		);

	readonly #onHandshake = guard(this.#onFault, (socket: Socket): void => {
		this.#handshakes.add(socket);
		socket.on("close", this.#forget);
	});

	readonly #onSecure = guard(this.#onFault, (socket: Socket): void => {
		const { _parent: parent } = socket as { _parent?: Socket };
		if (parent !== undefined && this.#handshakes.delete(parent)) parent.off("close", this.#forget);
		// Which handshake it was is not known: a client that is served must not be taken for one that is not.
		else this.#handshakes.clear();
		this.#onConnection(socket);
	});

	readonly #onConnection = guard(this.#onFault, (socket: Socket): void => {
		this.#sockets.add(socket);
		socket.on("close", this.#forget);
	});

	/** An HTTP/2 connection is its session's. */
	readonly #onSession = guard(this.#onFault, (session: ServerHttp2Session): void => {
		const socket = socketOf(session);
		if (socket === undefined) return;
		if (this.#sockets.delete(socket)) socket.off("close", this.#forget);
		this.#sessions.accept(session);
	});

	readonly #forget = forgetIn(this.#sockets, this.#handshakes);
}

/** One listener for all sockets: it is called on the one that has closed. */
function forgetIn(...sets: readonly Set<Socket>[]): (this: Socket) => void {
	return function (this: Socket) {
		for (const set of sets) set.delete(this);
	};
}
