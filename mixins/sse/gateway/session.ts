import { sessionIdProblem } from "../core/event.ts";
import { ownText } from "../core/own-text.ts";
import { cookieSession } from "./cookie.ts";
import type { GatewayRequest, GatewayResponse, SessionResolver } from "./types.ts";

/** Who a request is. */
export interface Session {
	/** At least one, without repetition. */
	readonly ids: readonly string[];
	/** `Date.now()` at which it ends; Infinity = unknown. */
	readonly expiresAt: number;
}

/**
 * The session of a request, or null if it has none, or one that has ended.
 *
 * @throws TypeError if the resolver gives something that is no session; or whatever the resolver throws.
 */
export async function resolveSession(
	resolver: SessionResolver | undefined,
	request: GatewayRequest,
	response: GatewayResponse
): Promise<Session | null> {
	const answer: unknown =
		resolver === undefined
			? cookieSession(request, response)
			: // biome-ignore lint/style/noNonNullAssertion: set by moleculer-web before any handler runs
				await resolver(request.$ctx!, request);
	if (!isExpiring(answer)) return sessionOf(answer, Number.POSITIVE_INFINITY);
	const session = sessionOf(answer.ids, readExpiry(answer.expiresAt));
	return session !== null && session.expiresAt <= Date.now() ? null : session;
}

function isExpiring(answer: unknown): answer is { ids: unknown; expiresAt: unknown } {
	return typeof answer === "object" && answer !== null && "ids" in answer;
}

function sessionOf(answer: unknown, expiresAt: number): Session | null {
	if (answer === null || answer === undefined) return null;
	const ids: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
	for (const id of ids) {
		const problem = sessionIdProblem(id);
		if (problem !== undefined) {
			throw new TypeError(`The session resolver gave an id that ${problem}; got a ${typeof id}.`);
		}
	}
	const distinct = [...new Set(ids as readonly string[])].map(ownText);
	return distinct.length === 0 ? null : { ids: distinct, expiresAt };
}

/** A session that ends at no time that can be told is a bug in the resolver, not one that never ends. */
function readExpiry(given: unknown): number {
	if (given === undefined) return Number.POSITIVE_INFINITY;
	const time = given instanceof Date ? given.getTime() : given;
	if (typeof time === "number" && !Number.isNaN(time)) return time;
	throw new TypeError(
		`The session resolver gave an "expiresAt" that is neither milliseconds nor a valid Date.`
	);
}
