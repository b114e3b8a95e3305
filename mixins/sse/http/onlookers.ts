import { channel } from "node:diagnostics_channel";
import { OutgoingMessage } from "node:http";
import { Http2ServerResponse } from "node:http2";
import { isHttp2, type StreamRequest, type StreamResponse } from "./connection.ts";

// biome-ignore lint/suspicious/noExplicitAny: listeners of any event
export type Listener = (...args: any[]) => void;

/** Node's own methods; undefined where an agent had put others in their place before this module was loaded. */
interface NodeMethods {
	readonly write: unknown;
	readonly end: unknown;
}

const HTTP1: NodeMethods = {
	write: ownOf(OutgoingMessage.prototype.write, /^function write\(chunk, encoding, callback\)/),
	end: ownOf(OutgoingMessage.prototype.end, /^function end\(chunk, encoding, callback\)/)
};
const HTTP2: NodeMethods = {
	write: ownOf(Http2ServerResponse.prototype.write, /^write\(chunk, encoding, cb\)/),
	end: ownOf(Http2ServerResponse.prototype.end, /^end\(chunk, encoding, cb\)/)
};
const EMIT: unknown = ownOf(OutgoingMessage.prototype.emit, /^function emit\(type, \.\.\.args\)/);

/**
 * Listeners on a response that have done what they are for when its head is out: Node's, to take the
 * next request, and those of moleculer-web, which resolve the promise of the request's handling.
 */
const NODE_FINISH = "bound resOnFinish";
const DONE = /^(\(\) => resolve\(true\)|\(?err\)? => reject\(err\))$/;

/** By which agents hear that a response is over without listening to it. */
const FINISHED = channel("http.server.response.finish");

/** Whether bytes may go past a response's `write`: nobody has put another in its place. */
export function hasOwnWrite(response: StreamResponse): boolean {
	const { write } = methodsOf(response);
	return write !== undefined && response.write === write;
}

/**
 * Whether nobody looks at request or response any longer: nobody listens to them, or to Node's channel of responses that
 * are over, and nobody has wrapped `write`, `end` or `emit` (agents, session stores, caches and compression do). Who does will look for what
 * the request's handling has put there, and expects to be called when the response is over.
 *
 * @param isOwn Tells the stream's own listeners.
 */
export function isUnwatched(
	request: StreamRequest,
	response: StreamResponse,
	isOwn: (listener: Listener) => boolean
): boolean {
	const { end } = methodsOf(response);
	return (
		!FINISHED.hasSubscribers &&
		EMIT !== undefined &&
		end !== undefined &&
		hasOwnWrite(response) &&
		response.end === end &&
		response.emit === EMIT &&
		request.emit === EMIT &&
		hasOnlyDone(request, isOwn) &&
		hasOnlyDone(response, isOwn)
	);
}

function methodsOf(response: StreamResponse): NodeMethods {
	return isHttp2(response) ? HTTP2 : HTTP1;
}

function hasOnlyDone(
	message: StreamRequest | StreamResponse,
	isOwn: (listener: Listener) => boolean
): boolean {
	return message.eventNames().every(event =>
		message.listeners(event).every(anyListener => {
			const listener = anyListener as Listener;
			return listener.name === NODE_FINISH || isOwn(listener) || DONE.test(String(listener));
		})
	);
}

function ownOf(method: object, text: RegExp): unknown {
	return text.test(String(method)) ? method : undefined;
}
