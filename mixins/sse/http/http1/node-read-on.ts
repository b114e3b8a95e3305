import type { ServerResponse } from "node:http";
import { httpListenerOf, isKnownNode, parserOf, type Socket } from "./node-detach.ts";

interface Insides {
	/** Node reads no further request until what waits has been sent. */
	_paused?: boolean;
	_httpMessage?: { _last?: boolean } | null;
}

/**
 * Keeps a connection reading, and dropping what arrives, when Node has stopped because too much waits behind the connection's
 * last response. Node stops so that requests do not pile up, and continues once the waiting responses have been sent, which
 * these never are. On a connection that is not read, the client's end is not noticed.
 *
 * Call this for every stream of a connection.
 */
export function keepReading(socket: Socket, response: ServerResponse): void {
	// Its turn may come while Node does not read.
	if (response.socket === null) response.once("socket", onTurn);
	if (socket.listeners("pause").includes(look)) return;
	socket.on("pause", look);
	// As long as something is unsent, a failed write shows that the client has left.
	socket.on("drain", look);
}

/** Undoes {@link keepReading}. */
export function leaveReading(socket: Socket): void {
	socket.off("pause", look);
	socket.off("drain", look);
}

/** Called when a response gets its socket. */
export function onTurn(socket: Socket): void {
	setImmediate(readOn, socket);
}

function look(this: Socket): void {
	// Node's parser is running, and is paused after that.
	if ((this as Insides)._paused === true) setImmediate(readOn, this);
}

function readOn(socket: Socket): void {
	const insides = socket as Insides;
	const { _paused: isPaused, _httpMessage: message } = insides;
	if (!isPaused || !message?._last || socket.writableNeedDrain || socket.destroyed) return;
	const parser = parserOf(socket);
	const onData = httpListenerOf(socket, "data");
	if (!isKnownNode() || parser === undefined || onData === undefined) return;
	socket.off("data", onData);
	parser.unconsume();
	// Otherwise Node's own listener stops the reading again.
	insides._paused = false;
	socket.resume();
}
