import Negotiator from "negotiator";
import { type EventsContract, isDeclared } from "../../core/event/contract.ts";
import { eventNameProblem } from "../../core/event/event.ts";
import { ownText } from "../../core/util/own-text.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { admitsStream } from "./accept.ts";

const EVENT_STREAM = "text/event-stream";
const PARAMETER = "eventName";

export interface StreamQuery {
	/** Without duplicates, in the order in which they were asked for. */
	eventNames: readonly string[];
	/** Up to where the client has seen everything, if it has streamed before. */
	lastEventId: string | undefined;
	/** Every value of the parameter `ticket`. */
	tickets: readonly string[];
}

/** Which event names may be asked for. */
export interface NameRules {
	/** Default: any. */
	events?: EventsContract | undefined;
	limits: { eventNamesPerStream: number };
}

/**
 * Reads what a request asks for. The names come from the URL itself, because `req.query` is whatever the application's parser
 * makes of it.
 *
 * @param ofAlias The event names available at this URL, checked; all of them if the request names none. Default: any that the
 * rules allow.
 * @throws SseError 400, 405 or 406, before anything has been written.
 */
export function readRequest(
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	rules: NameRules,
	ofAlias?: readonly string[]
): StreamQuery {
	if (request.method !== "GET" && request.method !== "HEAD") {
		// RFC 9110, 15.5.6: a 405 names the allowed methods.
		response.setHeader("Allow", "GET, HEAD");
		throw new SseError("SSE_METHOD_NOT_ALLOWED", "A stream is opened with GET.", {
			method: request.method
		});
	}
	if (!admitsStream(request.headers.accept)) {
		throw new SseError("SSE_NOT_ACCEPTABLE", `A stream is ${EVENT_STREAM}: accept that type.`, {
			accepted: [EVENT_STREAM]
		});
	}
	const url = request.originalUrl ?? request.url ?? "";
	const start = url.indexOf("?");
	const query = new URLSearchParams(start === -1 ? "" : url.slice(start + 1));
	return {
		eventNames: readEventNames(query, rules, ofAlias),
		lastEventId: readLastEventId(request, query),
		tickets: query.getAll("ticket")
	};
}

/**
 * Whether a request only asks how a GET would be answered, which is how a client learns why its EventSource has stopped. The
 * GET has been counted and logged; the probe is not, and uses up no limit.
 */
export function isProbe({ method }: { readonly method?: string | undefined }): boolean {
	return method === "HEAD";
}

/** Whether a client prefers gzip to no encoding (RFC 9110, 12.5.3). */
export function acceptsGzip(request: SseGatewayRequest): boolean {
	return new Negotiator(request).encoding(["gzip", "identity"]) === "gzip";
}

/**
 * The header that EventSource sends when it reconnects (WHATWG HTML, 9.2.4), or the parameter of polyfills that cannot send
 * one. The header is newer: a parameter keeps its first value.
 */
function readLastEventId(request: SseGatewayRequest, query: URLSearchParams): string | undefined {
	const header = request.headers["last-event-id"];
	const given = (Array.isArray(header) ? header[0] : header) ?? query.get("lastEventId");
	return given || undefined;
}

function readEventNames(
	query: URLSearchParams,
	rules: NameRules,
	ofAlias: readonly string[] | undefined
): readonly string[] {
	const asked = query.getAll(PARAMETER);
	if (ofAlias === undefined) return checkEventNames(asked, rules);
	if (asked.length === 0) return ofAlias;
	const names = checkEventNames(asked, rules);
	const other = names.find(name => !ofAlias.includes(name));
	if (other === undefined) return names;
	throw notOffered(other, "is not among the event names of this URL");
}

function notOffered(name: string, problem: string): SseError {
	const message = `Parameter "${PARAMETER}" names ${JSON.stringify(name)}, which ${problem}.`;
	return SseError.invalidRequest(PARAMETER, message);
}

/**
 * The event names that are asked for, without duplicates.
 *
 * @throws SseError 400 for a name that cannot be asked for.
 */
export function checkEventNames(names: readonly unknown[], rules: NameRules): readonly string[] {
	if (names.length === 0) {
		throw SseError.invalidRequest(
			PARAMETER,
			`Parameter "${PARAMETER}" is missing: name at least one event, as in ?${PARAMETER}=news.`
		);
	}
	for (const name of names) {
		const problem = eventNameProblem(name);
		if (problem !== undefined) {
			throw SseError.invalidRequest(PARAMETER, `Parameter "${PARAMETER}" ${problem}.`);
		}
		if (!isDeclared(rules.events, name as string))
			throw notOffered(name as string, "is not in this gateway's event contract");
	}
	const distinct = [...new Set(names as readonly string[])].map(ownText);
	const most = rules.limits.eventNamesPerStream;
	if (most > 0 && distinct.length > most) {
		const message = `Parameter "${PARAMETER}" names more than ${most} events: open several streams.`;
		throw SseError.invalidRequest(PARAMETER, message);
	}
	return distinct;
}
