import { isRefusal, type Refusal, refuse } from "../errors/refusal.ts";

/** The `sessionId` that addresses every stream of an event name. */
export const EVERYONE = "*";
/** Longest session id. Ids are keys of the registry, so their size is bounded as well as their number. */
const MAX_LENGTH = 256;

/**
 * A session id as applications give it: 1 to 256 characters of valid Unicode other than `"*"`, or a whole number, which means its decimal
 * text.
 */
export type SseSessionId = string | number;

/**
 * Reads any value as a session id. Only here does a number become one, so that the same number is the same text wherever the id
 * comes from.
 *
 * @param field Name of the field that holds it, for the refusal.
 * @param fromRepl Whether it was typed into the REPL, which reads numbers.
 */
export function readSessionId(input: unknown, field: string, fromRepl = false): string | Refusal {
	const problem = typeof input === "string" ? problemOfText(input) : problemOfOther(input);
	if (problem === undefined) return String(input);
	const remedy =
		fromRepl && typeof input === "number"
			? `: the REPL read a number; "sse send" keeps ids as text`
			: "";
	return refuse(field, `"${field}" ${problem}${remedy}.`);
}

/**
 * Reads recipients: one id, several, none, or everyone.
 *
 * @param fromRepl See {@link readSessionId}.
 */
export function readRecipients(
	input: unknown,
	fromRepl: boolean
): string | readonly string[] | Refusal {
	if (input === undefined || input === null) {
		// Never a default: a forgotten recipient must not make a private event public.
		return refuse(
			"sessionId",
			`"sessionId" is missing: give a session id, an array of them (empty for nobody), or "${EVERYONE}" ` +
				"for everyone."
		);
	}
	if (input === EVERYONE) return EVERYONE;
	if (!Array.isArray(input)) return readSessionId(input, "sessionId", fromRepl);

	const ids: string[] = [];
	for (let index = 0; index < input.length; index++) {
		const id = readSessionId(input[index], `sessionId[${index}]`, fromRepl);
		if (isRefusal(id)) return id;
		ids.push(id);
	}
	return ids;
}

/** Whether it addresses nobody: a list of session ids, such as an article's followers, may be empty. */
export function isNobody(recipients: string | readonly string[]): boolean {
	return recipients.length === 0;
}

function problemOfText(id: string): string | undefined {
	if (id === "") return "is empty";
	if (id.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
	// Binary serializers would make another id of it on the way, such as that of another session.
	if (!id.isWellFormed()) return "contains a lone surrogate: give valid Unicode";
	if (id === EVERYONE) return `is "${EVERYONE}", which addresses everyone and is not a session id`;
	return undefined;
}

/** A number's text must be the intended one, on every node and in every language. */
function problemOfOther(id: unknown): string | undefined {
	if (typeof id === "bigint") return `is the BigInt ${id}: give its text, String(id)`;
	if (typeof id !== "number") return "takes a string or a whole number";
	if (Object.is(id, -0)) return `is -0, whose text would be "0": give 0, or a string`;
	if (Number.isSafeInteger(id)) return undefined;
	if (!Number.isInteger(id)) return `is ${id}, which is not a whole number: give a string`;
	return `is ${id}, which has lost digits because it is beyond 2^53 - 1: give a string`;
}
