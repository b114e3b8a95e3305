import { isRefusal, type Refusal, refuse } from "../errors/refusal.ts";

/** The `sessionId` that addresses every stream of an event name. */
export const EVERYONE = "*";
/** Longest session id; ids are keys of the registry, so their size is bounded like their number. */
const MAX_LENGTH = 256;

/**
 * A session id as applications have it: 1 to 256 characters other than `"*"`, or a whole number, which is the
 * same as its decimal text.
 */
export type SseSessionId = string | number;

/**
 * Reads anything as a session id. The only place where a number becomes one: wherever an id comes from, the
 * same number has to be the same text.
 *
 * @param field What holds it, for the refusal.
 * @param fromRepl It was typed into the REPL, which reads numbers.
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
 * Reads whom something is for: one id, several, none, or everyone.
 *
 * @param fromRepl As of {@link readSessionId}.
 */
export function readRecipients(
	input: unknown,
	fromRepl: boolean
): string | readonly string[] | Refusal {
	if (input === undefined || input === null) {
		// Never a default: forgetting the address must not make a private event public.
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

/** Whether it addresses nobody: a list of session ids, as of an article's followers, may be empty. */
export function isNobody(recipients: string | readonly string[]): boolean {
	return recipients.length === 0;
}

function problemOfText(id: string): string | undefined {
	if (id === "") return "is empty";
	if (id.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
	if (id === EVERYONE) return `is "${EVERYONE}", which addresses everyone and is not a session id`;
	return undefined;
}

/** Of a number, its text must be the one that was meant, on every node and in every language. */
function problemOfOther(id: unknown): string | undefined {
	if (typeof id === "bigint") return `is the BigInt ${id}: give its text, String(id)`;
	if (typeof id !== "number") return "takes a string or a whole number";
	if (Object.is(id, -0)) return `is -0, whose text would be "0": give 0, or a string`;
	if (Number.isSafeInteger(id)) return undefined;
	if (!Number.isInteger(id)) return `is ${id}, which is not a whole number: give a string`;
	return `is ${id}, which has lost digits because it is beyond 2^53 - 1: give a string`;
}
