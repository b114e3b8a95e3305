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
	/**
	 * The connection is lost, and the transport comes back by itself: the next event is `sse.open`.
	 *
	 * @returns False if it was closed, and nobody wants it back.
	 */
	lost(): boolean;
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
	readonly withCredentials?: boolean | undefined;
	readonly headers: Readonly<Record<string, string>> | undefined;
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

export function isStream({ status, headers }: Response): boolean | undefined {
	return status === 200 && headers.get("content-type")?.startsWith("text/event-stream");
}

/** What an answer that is no stream says. */
export function failureOf(response: Response): Failure {
	const { status, headers, redirected } = response;
	const after = headers.get("retry-after") ?? "";
	const wait = Number(after) * 1000 || Date.parse(after) - Date.now();
	return {
		// who is sent to a page has to log in there
		status: redirected && status === 200 && !isStream(response) ? 401 : status,
		wait: wait > 0 ? Math.min(wait, LONGEST_WAIT) : undefined
	};
}

/** The URL of a stream of these names, which begins at a place unless that is empty. */
export function streamUrl(
	url: string,
	eventNames: readonly string[],
	place: string,
	ticket: string | undefined
): string {
	const params = eventNames.map(name => ["eventName", name]);
	params.push(["lastEventId", place], ["ticket", ticket as string]);
	const query = params
		.filter(([, value]) => value)
		.map(param => param.map(encodeURIComponent).join("="));
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

/**
 * What a gateway would answer to a stream: EventSource does not tell. Nor does `fetch` if it is sent to where another origin lets
 * nothing be read, which looks as if the network were away.
 */
export function probe(scope: Scope, request: StreamRequest): Promise<Failure> {
	const ask = (redirect?: "manual"): Promise<Response> =>
		scope.fetch(request.url, {
			...initOf(request),
			method: "HEAD",
			redirect: redirect as "manual"
		});
	return ask("manual").then(
		answer =>
			// 3xx, which browsers call 0
			answer.status % 300 < 100
				? ask().then(failureOf, () => ({ status: 401 }))
				: failureOf(answer),
		() => ({})
	);
}
