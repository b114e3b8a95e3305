import type { Subscription } from "../addressing/registry.ts";
import { EVERYONE, readRecipients, type SseSessionId } from "../addressing/session-id.ts";
import { isRefusal, type Refusal, refuse } from "../errors/refusal.ts";
import { eventNameProblem, ownFields, type Provenance } from "../event/event.ts";
import { ownText } from "../util/own-text.ts";

/** The name of the Moleculer event that carries a revocation: `ctx.broadcast(CLOSE, …)`. */
export const CLOSE = "sse.close";

/** Closes the streams of sessions, on every gateway. */
export interface SseClose {
	/** A session id, several of them, none for nobody, or `"*"` for the streams of all sessions. */
	sessionId: SseSessionId | readonly SseSessionId[];
	/** Only streams that listen to this event name; default: all. */
	eventName?: string;
	/** Sent to the page in `sse.close`: 1 to 64 printable ASCII characters; default `revoked`. */
	reason?: string;
}

/** A revocation that has been read, with its defaults. */
export interface Revocation {
	readonly sessionId: string | readonly string[];
	readonly eventName: string | undefined;
	readonly reason: string;
}

/** The payload that is sent: transporters' serializers differ in what they make of undefined. */
export function writeClose({
	sessionId,
	eventName,
	reason
}: Revocation): SseClose & Pick<Revocation, "sessionId"> {
	return eventName === undefined ? { sessionId, reason } : { sessionId, eventName, reason };
}

const REASON = /^[\x20-\x7e]{1,64}$/;
const FIELDS = ["sessionId", "eventName", "reason"];

/** Reads any value as a revocation, or refuses it and names the first field at fault. */
export function readClose(input: unknown, source: Provenance = {}): Revocation | Refusal {
	if (typeof input !== "object" || input === null || Array.isArray(input)) {
		return refuse("event", `${CLOSE} takes an object: { sessionId, eventName, reason }.`);
	}
	const own = ownFields(input);
	if (isRefusal(own)) return own;
	const fields = new Map(own);
	for (const field of fields.keys()) {
		if (FIELDS.includes(field)) continue;
		return refuse(field, `"${field}" is not a field of ${CLOSE}: it takes ${FIELDS.join(", ")}.`);
	}
	// A forgotten recipient must not close everyone's streams.
	const sessionId = readRecipients(fields.get("sessionId"), source.fromRepl === true);
	if (isRefusal(sessionId)) return sessionId;

	const eventName = fields.get("eventName");
	if (eventName !== undefined) {
		const problem = eventNameProblem(eventName);
		if (problem !== undefined) return refuse("eventName", `"eventName" ${problem}.`);
	}
	const reason = fields.get("reason") ?? "revoked";
	if (typeof reason !== "string" || !REASON.test(reason)) {
		return refuse("reason", `"reason" takes 1 to 64 printable ASCII characters.`);
	}
	return {
		// These are remembered for long, and the sender may have cut them out of larger texts.
		sessionId: typeof sessionId === "string" ? ownText(sessionId) : sessionId.map(ownText),
		eventName: eventName === undefined ? undefined : ownText(eventName as string),
		reason
	};
}

/** Whether a revocation covers a stream, by its ids and names. */
export type Coverage = (stream: Subscription) => boolean;

/**
 * What a revocation covers. Asking about many streams costs no more for many session ids than for one: a service may revoke all of
 * a tenant's at once.
 */
export function coverageOf({ sessionId, eventName }: Revocation): Coverage {
	const hasName = ({ eventNames }: Subscription) =>
		eventName === undefined || eventNames.includes(eventName);
	if (sessionId === EVERYONE) return hasName;
	let ids: ReadonlySet<string> | undefined;
	return stream => {
		if (!hasName(stream)) return false;
		ids ??= new Set(typeof sessionId === "string" ? [sessionId] : sessionId);
		return stream.sessionIds.some(id => ids?.has(id));
	};
}
