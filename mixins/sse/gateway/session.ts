import { sessionIdProblem } from "../core/event.ts";
import { cookieSession } from "./cookie.ts";
import type { GatewayRequest, GatewayResponse, SessionResolver } from "./types.ts";

/**
 * The ids that a request answers to, without repetition, or null if it has no session.
 *
 * @throws TypeError if the resolver gives something that is no id; or whatever the resolver throws.
 */
export async function resolveSession(
	resolver: SessionResolver | undefined,
	request: GatewayRequest,
	response: GatewayResponse
): Promise<readonly string[] | null> {
	const answer =
		resolver === undefined
			? cookieSession(request, response)
			: // biome-ignore lint/style/noNonNullAssertion: set by moleculer-web before any handler runs
				await resolver(request.$ctx!, request);
	if (answer === null || answer === undefined) return null;

	const ids: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
	for (const id of ids) {
		const problem = sessionIdProblem(id);
		if (problem !== undefined) {
			throw new TypeError(`The session resolver gave an id that ${problem}; got a ${typeof id}.`);
		}
	}
	return ids.length === 0 ? null : [...new Set(ids as readonly string[])];
}
