import type { Server, ServerResponse } from "node:http";
import type { Listener } from "../onlookers.ts";
import type { Socket } from "../socket.ts";

export type { Socket };

/** The internals of Node that this relies on; if one of them is missing or different, nothing is done. */
interface Parser {
	incoming: unknown;
	unconsume(): void;
	remove(): void;
	close(): void;
	[field: string | number]: unknown;
}

interface Insides {
	parser?: Parser | null;
	_httpMessage?: unknown;
	server?: Partial<Server>;
}

/** The releases of Node whose internals this was tested with. */
const KNOWN_NODE = /^(22|24)\./;

/** The listeners of Node's HTTP server on its sockets: it removes them from a socket that it hands over. */
const HTTP_LISTENERS: Readonly<Record<string, string>> = {
	close: "bound socketOnClose",
	data: "bound socketOnData",
	drain: "bound socketOnDrain",
	end: "bound socketOnEnd",
	error: "socketOnError",
	timeout: "socketOnTimeout",
	resume: "onSocketResume",
	pause: "onSocketPause"
};

/**
 * Whether {@link detach} can take a response apart: it has its socket, has neither ended nor been broken off, no other request
 * waits on the connection, and Node's internals are the known ones.
 */
export function isDetachable(response: ServerResponse, socket: Socket): boolean {
	if (!isKnownNode()) return false;
	if (response.writableEnded || response.destroyed || socket.destroyed) return false;
	const { _httpMessage: message } = socket as Insides;
	const parser = parserOf(socket);
	if (message !== response || response.socket !== socket) return false;
	if (parser?.incoming !== response.req || !response.req.complete) return false;
	return httpListenersOf(socket).every(({ listener }) => listener !== undefined);
}

/**
 * Takes the socket of a stream out of Node's HTTP server, as Node does for an upgrade. That releases request, response and
 * parser, which are two thirds of a stream's memory. The connection can then serve no further request.
 *
 * @param response One for which {@link isDetachable} has just returned true.
 */
export function detach(response: ServerResponse, socket: Socket): void {
	const insides = socket as Insides;
	const parser = insides.parser as Parser;
	for (const { event, listener } of httpListenersOf(socket)) {
		socket.off(event, listener as Listener);
	}
	response.detachSocket(socket);
	// In this order: nothing may point to the parser once its memory is freed.
	parser.unconsume();
	parser.remove();
	for (const field of Object.keys(parser)) parser[field] = null;
	parser.close();
	insides.parser = null;
	closeWithServer(socket, insides.server);
}

function httpListenersOf(socket: Socket): { event: string; listener: Listener | undefined }[] {
	return Object.keys(HTTP_LISTENERS).map(event => ({
		event,
		listener: httpListenerOf(socket, event)
	}));
}

/** The listener of Node's HTTP server for an event of a socket; undefined if none is known. */
export function httpListenerOf(socket: Socket, event: string): Listener | undefined {
	const name = HTTP_LISTENERS[event];
	const found = socket.listeners(event).find(listener => listener.name === name);
	return found as Listener | undefined;
}

/** Whether Node's internals are those that this was tested with. */
export function isKnownNode(): boolean {
	return KNOWN_NODE.test(process.versions.node);
}

/** The parser of a socket's requests; undefined if it is not a known one. */
export function parserOf(socket: Socket): Parser | undefined {
	const { parser } = socket as Insides;
	const isKnown =
		typeof parser?.unconsume === "function" &&
		typeof parser.remove === "function" &&
		typeof parser.close === "function";
	return isKnown ? parser : undefined;
}

/** The detached sockets of a server, which no longer knows of them. */
const detached = new WeakMap<object, Set<Socket>>();

/** Makes `server.closeAllConnections()`, with which applications end their own server, reach a socket. */
function closeWithServer(socket: Socket, server: Partial<Server> | undefined): void {
	const closeAll = server?.closeAllConnections;
	if (server === undefined || closeAll === undefined) return;
	let sockets = detached.get(server);
	if (sockets === undefined) {
		sockets = new Set();
		detached.set(server, sockets);
		server.closeAllConnections = function (this: Server): void {
			closeAll.call(this);
			for (const open of detached.get(this) ?? []) open.destroy();
		};
	}
	sockets.add(socket);
	socket.on("close", forget);
}

function forget(this: Insides & Socket): void {
	if (this.server !== undefined) detached.get(this.server)?.delete(this);
}
