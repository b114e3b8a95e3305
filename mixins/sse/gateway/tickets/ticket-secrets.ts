import type { TicketOptions } from "../../core/options/ticket-options.ts";
import { SseError } from "../../moleculer/sse-error.ts";

/** RFC 7518, 3.2: a key must be at least as long as the hash. */
const MIN_SECRET_BYTES = 32;

/**
 * The secrets that sign tickets: the first one signs, all are accepted.
 *
 * @throws SseError `SSE_INVALID_OPTION` if there is none, or for one that is too short.
 */
export function secretsOf(
	{ secret, secrets }: TicketOptions,
	env: NodeJS.ProcessEnv
): readonly string[] {
	const fromEnv = [
		env.MOLECULER_SSE_TICKET_SECRET,
		env.MOLECULER_SSE_TICKET_SECRET_PREVIOUS
	].filter(text => text);
	const given = secrets ?? (secret === undefined ? (fromEnv as string[]) : [secret]);
	// Never includes the value: errors are logged.
	const needs = `SseMixin(): option "ticket" needs a secret of at least ${MIN_SECRET_BYTES} bytes`;
	const where = "ticket.secret, ticket.secrets, or MOLECULER_SSE_TICKET_SECRET in the environment";
	if (given.length === 0 || given.some(text => Buffer.byteLength(text) < MIN_SECRET_BYTES)) {
		throw new SseError("SSE_INVALID_OPTION", `${needs}: ${where}.`, { option: "ticket" });
	}
	return given;
}
