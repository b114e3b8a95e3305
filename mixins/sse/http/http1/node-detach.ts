import type { Server, ServerResponse } from "node:http";
import type { Listener } from "../onlookers.ts";
import type { Socket } from "../socket.ts";

export type { Socket };

/** What this relies on of Node's insides; where any of it is missing or different, nothing is done. */
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

/** The releases of Node whose insides this was tested with. */
const KNOWN_NODE = /^(22|24)\./;

/** The listeners of Node's HTTP server on its sockets: what it takes off a socket that it hands over. */
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
 * Whether a response is in the state in which {@link detach} takes it apart: it has its socket, is neither ended
 * nor broken off, no other request waits on the connection, and Node's insides are the known ones.
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
 * Takes the socket of a stream out of Node's HTTP server, as Node does for an upgrade: request,
 * response and parser, which are two thirds of a stream's memory, are let go of. The connection can then
 * serve no further request.
 *
 * @param response For which {@link isDetachable} has just said so.
 */
export function detach(response: ServerResponse, socket: Socket): void {
	const insides = socket as Insides;
	const parser = insides.parser as Parser;
	for (const { event, listener } of httpListenersOf(socket)) {
		socket.off(event, listener as Listener);
	}
	response.detachSocket(socket);
	// In this order: what it stands in must not point to it when its memory is gone.
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

/** What Node's HTTP server listens to an event of a socket with; undefined if nothing of that is known. */
export function httpListenerOf(socket: Socket, event: string): Listener | undefined {
	const name = HTTP_LISTENERS[event];
	const found = socket.listeners(event).find(listener => listener.name === name);
	return found as Listener | undefined;
}

/** Whether Node's insides are those that this was tested with. */
export function isKnownNode(): boolean {
	return KNOWN_NODE.test(process.versions.node);
}

/** What reads the requests of a socket; undefined if it is nothing that is known. */
export function parserOf(socket: Socket): Parser | undefined {
	const { parser } = socket as Insides;
	const isKnown =
		typeof parser?.unconsume === "function" &&
		typeof parser.remove === "function" &&
		typeof parser.close === "function";
	return isKnown ? parser : undefined;
}

/** The detached sockets of a server: it does not know of them any longer. */
const detached = new WeakMap<object, Set<Socket>>();

/** Lets `server.closeAllConnections()`, by which applications end their own server, reach a socket. */
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
