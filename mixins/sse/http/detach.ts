import type { IncomingMessage, ServerResponse } from "node:http";

type Socket = NonNullable<ServerResponse["socket"]>;
// biome-ignore lint/suspicious/noExplicitAny: listeners of any event
type Listener = (...args: any[]) => void;

/** What this relies on of Node's insides; where any of it is missing or different, nothing is done. */
interface Parser {
	incoming: IncomingMessage | null;
	unconsume(): void;
	remove(): void;
	close(): void;
	[field: string | number]: unknown;
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
 * Listeners on a response that have done what they are for when its head is out: Node's, to take the
 * next request, and those of moleculer-web, which resolve the promise of the request's handling.
 */
const NODE_FINISH = "bound resOnFinish";
const DONE = new Set(["() => resolve(true)", "err => reject(err)"]);

/**
 * Takes the socket of a stream out of Node's HTTP server, as Node does for an upgrade: request,
 * response and parser, which are two thirds of a stream's memory, are let go of. The connection can then
 * serve no further request.
 *
 * @param isOwn Tells the stream's own listeners on the response.
 * @returns The socket, or undefined if somebody still listens to request or response, if another request
 * waits, or if Node's insides are not the known ones: then nothing was done.
 */
export function detach(
	response: ServerResponse,
	isOwn: (listener: Listener) => boolean
): Socket | undefined {
	const { req: request, socket } = response;
	if (socket === null || !KNOWN_NODE.test(process.versions.node)) return undefined;
	const parser = (socket as { parser?: Parser | null }).parser;
	if (!isParser(parser) || parser.incoming !== request || !request.complete) return undefined;
	if (request.eventNames().length > 0 || !isDone(response, isOwn)) return undefined;

	const listeners = Object.entries(HTTP_LISTENERS).map(([event, name]) => ({
		event,
		listener: socket.listeners(event).find(listener => listener.name === name) as Listener
	}));
	if (listeners.some(({ listener }) => listener === undefined)) return undefined;

	response.detachSocket(socket);
	for (const { event, listener } of listeners) socket.off(event, listener);
	// In this order: what it stands in must not point to it when its memory is gone.
	parser.unconsume();
	parser.remove();
	for (const field of Object.keys(parser)) parser[field] = null;
	parser.close();
	(socket as { parser?: Parser | null }).parser = null;
	return socket;
}

function isParser(parser: Parser | null | undefined): parser is Parser {
	return (
		typeof parser?.unconsume === "function" &&
		typeof parser.remove === "function" &&
		typeof parser.close === "function"
	);
}

/** Whether nobody waits for the response any longer. */
function isDone(response: ServerResponse, isOwn: (listener: Listener) => boolean): boolean {
	return response.eventNames().every(event =>
		response.listeners(event).every(anyListener => {
			const listener = anyListener as Listener;
			return listener.name === NODE_FINISH || isOwn(listener) || DONE.has(String(listener));
		})
	);
}
