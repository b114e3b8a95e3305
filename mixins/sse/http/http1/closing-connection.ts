import type { IncomingMessage, ServerResponse } from "node:http";
import { MOST_OWING, MOST_SILENT, MOST_STALLED } from "../closing-limits.ts";
import { breakOff, queuedOf, type Socket, takenOf } from "../socket.ts";

/**
 * Checks that the head of a request may take as a whole, and each part of its body: a lost packet is sent again after a second
 * (RFC 6298, 2.1).
 */
const MOST_UNSENT = 15;

/** Requests answered on a connection after the one that was to be the last. */
const MOST_MORE = 10;

/** What Node's HTTP server keeps on a socket: its parser, until an upgrade, and the response that is being written. */
interface Insides {
	parser?: object | null;
	_httpMessage?: (ServerResponse & { readonly req: IncomingMessage }) | null;
}

/** What a connection waits for. */
type Awaited = "request" | "body" | "taking" | "application";

/**
 * A connection that is to close once its requests are answered. The application may take as long as it likes for that; the
 * client has a moment to send the rest of a request, and must take what is sent to it.
 */
export class ClosingConnection {
	readonly #socket: Socket;
	readonly #awaits: (socket: Socket) => Awaited;
	#taken = 0;
	#read = 0;
	/** Consecutive checks that saw no request being handled. */
	#unasked = 0;
	/**
	 * Consecutive checks at which the client did nothing of what it had to do; and all checks at which it had to do something.
	 */
	#idle = 0;
	#owing = 0;
	/** Requests that were taken after one that was to be the last. */
	#more = 0;

	/** @param isHandshake Whether its TLS handshake is still under way. */
	constructor(socket: Socket, isHandshake = false) {
		this.#socket = socket;
		this.#awaits = isHandshake ? () => "request" : awaited;
	}

	/**
	 * Whether a request that arrives after the one that was to be the last is answered as well: a client may always send one
	 * more.
	 */
	takesMore(): boolean {
		return this.#more++ < MOST_MORE;
	}

	/**
	 * Closes the connection if the client's time is over. Call this every {@link LOOK}.
	 *
	 * @param newest The response to the last request on it; undefined if it is finished, or not known.
	 */
	look(newest: ServerResponse | undefined): void {
		const socket = this.#socket;
		const taken = takenOf(socket);
		const read = socket.bytesRead ?? 0;
		hangUp(socket, newest);
		const awaits = this.#awaits(socket);
		const hasMoved = awaits === "body" ? read !== this.#read : taken !== this.#taken;
		this.#taken = taken;
		this.#read = read;
		this.#unasked = awaits === "request" ? this.#unasked + 1 : 0;
		const isOwing = awaits === "body" || awaits === "taking";
		this.#idle = isOwing && !hasMoved ? this.#idle + 1 : 0;
		if (isOwing) this.#owing++;
		if (this.#unasked >= (read === 0 ? MOST_SILENT : MOST_UNSENT)) socket.destroy();
		const mostIdle = awaits === "body" ? MOST_UNSENT : MOST_STALLED;
		if (this.#idle >= mostIdle || this.#owing >= MOST_OWING) breakOff(socket);
	}
}

/**
 * Makes the answer to the last request that has arrived say that it is the last, if it has not begun. Node closes the
 * connection after such an answer, with whatever was pipelined after it.
 *
 * @param newest The response to that request, if it is known; otherwise that of the request that is being answered is marked.
 */
function hangUp(socket: Socket, newest: ServerResponse | undefined): void {
	const last = newest ?? (socket as Insides)._httpMessage;
	if (last) last.shouldKeepAlive = false;
}

function awaited(socket: Socket): Awaited {
	const { parser, _httpMessage: response } = socket as Insides;
	const isServed = response !== null && response !== undefined;
	// A connection that the application has taken over, for a WebSocket, is the application's until it ends it.
	if (!isServed && !parser && !socket.writableEnded) return "application";
	if (socket.writableLength + queuedOf(socket) > 0) return "taking";
	if (!isServed) return "request";
	const { req } = response;
	// Node stops reading while the application does not read.
	const isFull = req.readableLength >= req.readableHighWaterMark;
	return req.complete || isFull ? "application" : "body";
}
