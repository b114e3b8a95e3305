import { channel } from "node:diagnostics_channel";
import { OutgoingMessage } from "node:http";
import { Http2ServerResponse } from "node:http2";
import { isHttp2, type StreamRequest, type StreamResponse } from "./connection.ts";

// biome-ignore lint/suspicious/noExplicitAny: listeners of any event
export type Listener = (...args: any[]) => void;

/**
 * Node's own methods, recognised by names that only they can use; undefined if an agent had replaced them before this module
 * was loaded.
 */
interface NodeMethods {
	readonly write: unknown;
	readonly end: unknown;
}

const HTTP1: NodeMethods = {
	write: ownOf(OutgoingMessage.prototype.write, /^function write\(.*\bwrite_\(this,/s),
	end: ownOf(OutgoingMessage.prototype.end, /^function end\(.*\bwrite_\(this,/s)
};
const HTTP2: NodeMethods = {
	write: ownOf(Http2ServerResponse.prototype.write, /^write\(.*\[kState\]/s),
	end: ownOf(Http2ServerResponse.prototype.end, /^end\(.*\[kState\]/s)
};
const EMIT: unknown = ownOf(OutgoingMessage.prototype.emit, /^function emit\(.*\bkErrorMonitor\b/s);

/** Node's listener on a response that takes the next request; it is always the first. */
const NODE_FINISH = "bound resOnFinish";

/** The code of moleculer-web's listeners that settle the promise of the request's handling. */
const DONE = /^(\(\) => resolve\(true\)|\(?err\)? => reject\(err\))$/;
const DONE_EVENTS = ["finish", "close", "error"];
/** Listeners that are moleculer-web's: an application's may look the same. */
const done = new WeakSet<Listener>();

/** Channel by which agents hear that a response is over without listening to it. */
const FINISHED = channel("http.server.response.finish");

/** Node's marks on a response that it will report to a `PerformanceObserver` of `http`, or to its event trace. */
const STATISTICS = "ServerResponseStatistics";
const TRACED = "_traceEventId";

/** Takes a response's bytes. */
interface Written {
	write(bytes: Uint8Array): unknown;
	write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): unknown;
}

/** Writes to a response. Code that wraps `write` expects no callback, so one is passed only if somebody waits for it. */
export function writeTo(
	response: Written,
	bytes: Uint8Array,
	onWritten: ((error?: Error | null) => void) | undefined
): void {
	if (onWritten === undefined) response.write(bytes);
	else response.write(bytes, onWritten);
}

/**
 * Runs moleculer-web's handling of a request, which listens for the end of the response before any of the application's code
 * runs. Those listeners have served their purpose once the head is sent.
 */
export function handle<Result>(response: StreamResponse, handler: () => Result): Result {
	const expected = new Set(DONE_EVENTS);
	const note = (event: string, listener: Listener): void => {
		if (expected.delete(event) && DONE.test(String(listener))) done.add(listener);
		else expected.clear();
		if (expected.size === 0) response.off("newListener", note);
	};
	response.on("newListener", note);
	try {
		return handler();
	} finally {
		response.off("newListener", note);
	}
}

/** Whether bytes may bypass a response's `write`, because nobody has replaced it. */
export function hasOwnWrite(response: StreamResponse): boolean {
	const { write } = methodsOf(response);
	return write !== undefined && response.write === write;
}

/**
 * Whether nobody observes request or response any longer: nobody listens to them, or to Node's reports of responses that are
 * over, and nobody has wrapped `write`, `end` or `emit`, as agents, session stores, caches and compression do. An observer
 * looks for what the request's handling has put there, and expects to be called when the response is over.
 *
 * @param isOwn Recognises the stream's own listeners.
 */
export function isUnwatched(
	request: StreamRequest,
	response: StreamResponse,
	isOwn: (listener: Listener) => boolean
): boolean {
	const { end } = methodsOf(response);
	return (
		!FINISHED.hasSubscribers &&
		!isReported(response) &&
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
	const [first] = message.listeners("finish");
	const nodes = first?.name === NODE_FINISH ? first : undefined;
	return message.eventNames().every(event =>
		message.listeners(event).every(anyListener => {
			const listener = anyListener as Listener;
			return listener === nodes || isOwn(listener) || done.has(listener);
		})
	);
}

function isReported(response: StreamResponse): boolean {
	if (Reflect.get(response, TRACED) !== undefined) return true;
	return Object.getOwnPropertySymbols(response).some(
		symbol => symbol.description === STATISTICS && Reflect.get(response, symbol) !== undefined
	);
}

function ownOf(method: object, text: RegExp): unknown {
	return text.test(String(method)) ? method : undefined;
}
