import type { ServerResponse } from "node:http";
import { httpListenerOf, isKnownNode, parserOf, type Socket } from "./node-detach.ts";

interface Insides {
	/** Node reads no further request before what waits has been sent. */
	_paused?: boolean;
	_httpMessage?: { _last?: boolean } | null;
}

/**
 * Has a connection read on, and drop what comes, when Node has stopped to read because too much waits behind a response that
 * is the connection's last. Node stops so that requests do not pile up, and goes on when the responses that wait have been
 * sent, which these never are; and a connection that is not read is not seen to close.
 *
 * To be called for every stream of a connection.
 */
export function keepReading(socket: Socket, response: ServerResponse): void {
	// It may come to its turn while Node does not read.
	if (response.socket === null) response.once("socket", onTurn);
	if (socket.listeners("pause").includes(look)) return;
	socket.on("pause", look);
	// As long as something is unsent, its failing tells that the client has left.
	socket.on("drain", look);
}

/** The opposite of {@link keepReading}. */
export function leaveReading(socket: Socket): void {
	socket.off("pause", look);
	socket.off("drain", look);
}

/** Called when a response gets its socket. */
export function onTurn(socket: Socket): void {
	setImmediate(readOn, socket);
}

function look(this: Socket): void {
	// Node's parser is at work, and is paused behind that.
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
	// Without this, Node's own listener stops the reading again.
	insides._paused = false;
	socket.resume();
}
