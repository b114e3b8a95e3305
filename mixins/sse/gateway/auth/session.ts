import { lacksValue } from "../../core/addressing/missing-value.ts";
import { readSessionId } from "../../core/addressing/session-id.ts";
import { isRefusal } from "../../core/errors/refusal.ts";
import { ownText } from "../../core/util/own-text.ts";
import type { SessionResolver, SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { SessionCookie } from "./cookie.ts";
import { offerVisitor } from "./visitor.ts";

/** Who a request is. */
export interface Session {
	/** At least one, without duplicates. */
	readonly ids: readonly string[];
	/** `Date.now()` at which it ends; Infinity = unknown. */
	readonly expiresAt: number;
	/** Whether the response brings the cookie that it is: nobody has come with it yet. */
	readonly isIssued?: boolean;
}

/**
 * The session of a request; null if it has none, or one that has ended.
 *
 * @param resolver Undefined = the cookie.
 * @throws TypeError if the resolver returns something that is not a session; or whatever the resolver throws.
 */
export async function resolveSession(
	resolver: SessionResolver | undefined,
	cookie: SessionCookie,
	request: SseGatewayRequest,
	response: SseGatewayResponse
): Promise<Session | null> {
	// What a visitor writes into the cookie is not the application's mistake.
	const isVisitor = resolver === undefined ? () => true : offerVisitor(request, response, cookie);
	const answer: unknown =
		resolver === undefined
			? cookie.sessionOf(request, response)
			: // biome-ignore lint/style/noNonNullAssertion: set by moleculer-web before any handler runs
				await resolver(request.$ctx!, request);
	const [ids, expiresAt] = isExpiring(answer)
		? [answer.ids, readExpiry(answer.expiresAt)]
		: [answer, Number.POSITIVE_INFINITY];
	const session = sessionOf(ids, expiresAt, isVisitor);
	if (session === null || session.expiresAt <= Date.now()) return null;
	return cookie.hasIssued(request, session.ids[0]) ? { ...session, isIssued: true } : session;
}

function isExpiring(answer: unknown): answer is { ids: unknown; expiresAt: unknown } {
	return typeof answer === "object" && answer !== null && "ids" in answer;
}

/** @param isVisitor Whether an id is that of the cookie, and none that the application has made. */
function sessionOf(
	answer: unknown,
	expiresAt: number,
	isVisitor: (id: string) => boolean
): Session | null {
	if (answer === null || answer === undefined) return null;
	const isList = Array.isArray(answer);
	const ids = new Set<string>();
	for (const [index, given] of (isList ? answer : [answer]).entries()) {
		const field = isList ? `ids[${index}]` : "id";
		const id = readSessionId(given, field);
		if (isRefusal(id)) {
			const got = given === null ? "null" : typeof given;
			throw new TypeError(`The session resolver returned an invalid id (${got}): ${id.message}`);
		}
		if (!isVisitor(id) && lacksValue(id)) throw lackingValue(field, id);
		ids.add(ownText(id));
	}
	return ids.size === 0 ? null : { ids: [...ids], expiresAt };
}

function lackingValue(field: string, id: string): TypeError {
	return new TypeError(
		`The session resolver returned an invalid id: "${field}" is ${JSON.stringify(id)}. A value that the id is made of is ` +
			"missing, so strangers would share one session. Check the name of the property, await what is a promise, " +
			"leave out an id that does not apply, or return null for no session."
	);
}

/** A session whose end cannot be read is a bug in the resolver, and not a session that never ends. */
function readExpiry(given: unknown): number {
	if (given === undefined) return Number.POSITIVE_INFINITY;
	const time = given instanceof Date ? given.getTime() : given;
	if (typeof time === "number" && !Number.isNaN(time)) return time;
	throw new TypeError(
		`The session resolver returned an "expiresAt" that is neither milliseconds nor a valid Date.`
	);
}
