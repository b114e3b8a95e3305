import type { TakeEvent } from "./parser.ts";
import type { Scope } from "./scope.ts";

/** Why a transport brings nothing more. */
export interface Failure {
	/** The status of the answer; undefined if there was none, or it is not known. */
	readonly status?: number | undefined;
	/** Milliseconds after which the gateway wants the client back. */
	readonly wait?: number | undefined;
}

/** What becomes of a stream. */
export interface StreamSink {
	readonly take: TakeEvent;
	/** The connection is lost, and the transport comes back by itself: the next event is `sse.open`. */
	lost(): void;
	/** The transport has ended, and nobody knows why. */
	closed(): void;
	/** The transport has ended. */
	failed(failure: Failure): void;
}

/** One stream, or with EventSource several, one after the other. */
export interface Transport {
	/** Nothing comes from then on. */
	close(): void;
}

export interface StreamRequest {
	readonly url: string;
	readonly eventNames: readonly string[];
	readonly withCredentials: boolean;
	readonly headers: Readonly<Record<string, string>>;
}

export type OpenTransport = (scope: Scope, request: StreamRequest, sink: StreamSink) => Transport;

/** What a gateway sends of itself. */
export const OWN_EVENTS: readonly string[] = [
	"sse.open",
	"sse.heartbeat",
	"sse.reset",
	"sse.close"
];

/** Milliseconds that a `Retry-After` keeps a page away at most. */
const LONGEST_WAIT = 300_000;

/** What an answer that is no stream says. */
export function failureOf({ status, headers }: Response): Failure {
	const after = headers.get("retry-after") ?? "";
	const wait = Number(after) * 1000 || Date.parse(after) - Date.now();
	return { status, wait: wait > 0 ? Math.min(wait, LONGEST_WAIT) : undefined };
}

/** The URL of a stream of these names, which begins at a place unless that is empty. */
export function streamUrl(
	url: string,
	eventNames: readonly string[],
	place: string,
	ticket = ""
): string {
	const params = eventNames.map(name => ["eventName", name]);
	params.push(["lastEventId", place], ["ticket", ticket]);
	const query = params.flatMap(([name, value]) =>
		value ? `${name}=${encodeURIComponent(value)}` : []
	);
	return url + (url.includes("?") ? "&" : "?") + query.join("&");
}

/** How a stream is asked for by `fetch`. */
export function initOf({ headers, withCredentials }: StreamRequest): RequestInit {
	return {
		headers: { ...headers, Accept: "text/event-stream" },
		credentials: withCredentials ? "include" : "same-origin",
		cache: "no-store"
	};
}

/** What a gateway would answer to a stream: EventSource does not tell. */
export function probe(scope: Scope, request: StreamRequest): Promise<Failure> {
	return scope
		.fetch(request.url, { ...initOf(request), method: "HEAD" })
		.then(failureOf, () => ({}));
}
