import { readRecipients, type SseSessionId } from "../addressing/session-id.ts";
import { reasonOf } from "../errors/guard.ts";
import { isRefusal, type Refusal, refuse } from "../errors/refusal.ts";
import type { SortKey } from "../history/id-order.ts";

/** The name of the Moleculer event that carries events: `ctx.broadcast(SEND, …)`. */
export const SEND = "sse.send";
/** Event names with this prefix belong to the plugin: `sse.open`, `sse.close`, … */
export const RESERVED_PREFIX = "sse.";
export const MAX_EVENT_NAME_LENGTH = 128;

/** An event as its sender passes it. */
export interface SseSend<Payload = unknown> {
	/** 1 to 128 characters, not starting with `sse.`; what the browser listens to. */
	eventName: string;
	/** A session id, several of them, none for nobody, or `"*"` for every stream of that event name. */
	sessionId: SseSessionId | readonly SseSessionId[];
	/** Anything that JSON can carry. The browser gets it as one line of JSON, or as plain text if the contract says so. */
	payload: Payload;
}

/** An event's name and recipients, both validated. */
export interface Address {
	eventName: string;
	sessionId: string | readonly string[];
}

/** An event on its way through the cluster, with `json` from a node with `SseMiddleware`, and otherwise with `payload`. */
export interface SseEvent extends Address {
	/** As the sender passed it. */
	payload?: unknown;
	/** The payload as JSON, as it was checked at the sender. */
	json?: string | undefined;
	/** Given by the bus; absent if the sending node runs without `SseMiddleware`. */
	id?: string | undefined;
	/** Replaces the id: an id is written only when a stream is to get it. */
	sortKey?: SortKey | undefined;
}

/** An event's source, which decides how strictly it is read. */
export interface Provenance {
	/** The id, and the payload as `json`, are given by the bus: a sender may not provide them. Default false. */
	acceptId?: boolean;
	/** The bus has the payload separate from the event. Default false. */
	hasPayload?: boolean;
	/** Typed into the Moleculer REPL, which turns `--sessionId 1e3` into a number: a refusal says so. Default false. */
	fromRepl?: boolean;
}

const LINE_BREAKING = /[\r\n\0]/;
/** Header-safe, so that a browser can send it back as `Last-Event-ID`. */
const EVENT_ID = /^[\x21-\x7e]{1,1024}$/;

/** Reads any value as an event, or refuses it and names the first field at fault. */
export function validate(input: unknown, source: Provenance = {}): SseEvent | Refusal {
	if (typeof input !== "object" || input === null || Array.isArray(input)) {
		return refuse("event", `${SEND} takes an object: { eventName, sessionId, payload }.`);
	}
	const fields = readFields(input, source.acceptId === true);
	if (isRefusal(fields)) return fields;
	const { id, eventName, sessionId, payload, json } = fields;

	const nameProblem = eventNameProblem(eventName);
	if (nameProblem !== undefined) {
		return refuse("eventName", `"eventName" ${nameProblem}.`);
	}
	const recipients = readRecipients(sessionId, source.fromRepl === true);
	if (isRefusal(recipients)) return recipients;
	if (payload === undefined && json === undefined && source.hasPayload !== true) {
		return refuse("payload", `"payload" is missing: give any JSON value, null for none.`);
	}

	const event: SseEvent = { eventName: eventName as string, sessionId: recipients };
	if (payload !== undefined) event.payload = payload;
	if (json !== undefined) {
		if (payload !== undefined) {
			return refuse("json", `"json" stands in place of "payload": give one of them.`);
		}
		if (typeof json !== "string") return refuse("json", `"json" takes a string.`);
		event.json = json;
	}
	if (id !== undefined) {
		if (typeof id !== "string" || !EVENT_ID.test(id)) {
			return refuse("id", `"id" takes 1 to 1,024 visible ASCII characters.`);
		}
		event.id = id;
	}
	return event;
}

/**
 * What is wrong with an event name, as the end of a sentence; `undefined` if nothing is. CR, LF and NUL are refused, never
 * escaped: by WHATWG HTML, "9.2.6 Interpreting an event stream", a field ends at them, so that they would forge another field.
 */
export function eventNameProblem(name: unknown): string | undefined {
	if (name === undefined) return "is missing: name the event";
	if (typeof name !== "string") return "takes a string";
	if (name === "") return "is empty: name the event";
	if (name.length > MAX_EVENT_NAME_LENGTH) {
		return `is longer than ${MAX_EVENT_NAME_LENGTH} characters`;
	}
	if (LINE_BREAKING.test(name)) return "contains CR, LF or NUL";
	if (!name.isWellFormed()) return "contains a lone surrogate: give valid Unicode";
	if (name.startsWith(RESERVED_PREFIX)) {
		return `starts with "${RESERVED_PREFIX}", which is reserved for the plugin's own events`;
	}
	return undefined;
}

type Fields = Record<"id" | "eventName" | "sessionId" | "payload" | "json", unknown>;

/** Reads each field once, and by its name, which is fastest for parsed objects of one shape. */
function readFields(input: Partial<Fields>, acceptId: boolean): Fields | Refusal {
	const fields: Fields = {
		id: undefined,
		eventName: undefined,
		sessionId: undefined,
		payload: undefined,
		json: undefined
	};
	try {
		// Only own fields: an address is never inherited.
		for (const field of Object.keys(input)) {
			if (field === "eventName") fields.eventName = input.eventName;
			else if (field === "sessionId") fields.sessionId = input.sessionId;
			else if (field === "payload") fields.payload = input.payload;
			else if (field === "id" && acceptId) fields.id = input.id;
			else if (field === "json" && acceptId) fields.json = input.json;
			else return refuseField(field);
		}
	} catch (error) {
		return unreadable(error);
	}
	return fields;
}

/** Reads what a local sender has passed: its getters may throw, and a Proxy at any access. */
export function readSafely<T>(read: () => T | Refusal): T | Refusal {
	try {
		return read();
	} catch (error) {
		return unreadable(error);
	}
}

/** A local sender's object may have getters, and they may throw. */
export function ownFields(input: object): [string, unknown][] | Refusal {
	try {
		return Object.entries(input);
	} catch (error) {
		return unreadable(error);
	}
}

function unreadable(error: unknown): Refusal {
	return refuse("event", `The event cannot be read: ${reasonOf(error)}.`);
}

function refuseField(field: string): Refusal {
	return refuse(
		field,
		field === "id" || field === "json"
			? `"${field}" is given by SseMiddleware: leave it out.`
			: `"${field}" is not a field of ${SEND}: it takes eventName, sessionId and payload.`
	);
}

/** Approximate bytes of an event besides its record, and of each character. */
const WAITING_BYTES = 500;
const CHARACTER_BYTES = 2;

/** Approximate bytes that an event takes while it waits for others; a raw payload is not measured. */
export function waitingBytes({ sessionId, json = "" }: SseEvent): number {
	let characters = json.length;
	if (typeof sessionId === "string") characters += sessionId.length;
	else for (const id of sessionId) characters += id.length + CHARACTER_BYTES * 8;
	return WAITING_BYTES + characters * CHARACTER_BYTES;
}
