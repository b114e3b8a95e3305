import { readSessionId } from "../core/addressing/session-id.ts";
import { isRefusal } from "../core/errors/refusal.ts";
import { readResumeToken } from "../core/history/resume-token.ts";
import { SseError } from "../moleculer/sse-error.ts";

/** Most characters of an event name, as for `sse.send`. */
export const LONGEST_NAME = 128;
/** Characters of an event's id, at most: a node's name, which may be any text, and two numbers. */
const LONGEST_ID = 1000;

/** Reads the parameters of an action. They may be anything: Moleculer's validator may be off. */
export class Params {
	readonly #given: Readonly<Record<string, unknown>>;

	/** @throws SseError `SSE_INVALID_REQUEST` for a parameter that the action does not take. */
	constructor(given: unknown, known: readonly string[]) {
		const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
		this.#given = isObject ? (given as Record<string, unknown>) : {};
		const unknown = Object.keys(this.#given).find(name => !known.includes(name));
		if (unknown === undefined) return;
		const takes = known.length === 0 ? "no parameters" : known.join(", ");
		throw SseError.invalidRequest(unknown, `"${unknown}" is unknown: the action takes ${takes}.`);
	}

	/** A session id, as text; undefined if there is none. */
	session(name: string): string | undefined {
		const value = this.#get(name);
		if (value === undefined) return undefined;
		const id = readSessionId(value, name);
		if (isRefusal(id)) throw SseError.invalidRequest(name, id.message);
		return id;
	}

	/** An event's id; undefined if there is none. */
	eventId(name: string): string | undefined {
		const value = this.text(name, LONGEST_ID);
		if (value === undefined || readResumeToken(value) === undefined) return value;
		const what = "where a stream is, as sse.open and heartbeats have it, and no event's id";
		throw SseError.invalidRequest(name, `"${name}" is ${what}.`);
	}

	/** A text of 1 to `longest` characters; undefined if there is none. */
	text(name: string, longest: number): string | undefined {
		const value = this.#get(name);
		if (value === undefined) return undefined;
		if (typeof value === "string" && value !== "" && value.length <= longest) return value;
		throw SseError.invalidRequest(name, `"${name}" takes a text of 1 to ${longest} characters.`);
	}

	flag(name: string): boolean | undefined {
		const value = this.#get(name);
		if (value === undefined || typeof value === "boolean") return value;
		throw SseError.invalidRequest(name, `"${name}" takes true or false.`);
	}

	/** A whole number from `least` to `most`. */
	whole(name: string, fallback: number, least: number, most: number): number {
		const value = this.#get(name) ?? fallback;
		if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
			return value as number;
		throw SseError.invalidRequest(name, `"${name}" takes a whole number from ${least} to ${most}.`);
	}

	/** Null counts as missing, as elsewhere in Moleculer. */
	#get(name: string): unknown {
		return (Object.hasOwn(this.#given, name) ? this.#given[name] : undefined) ?? undefined;
	}
}

/** @throws SseError `SSE_INVALID_REQUEST` if the value is missing. */
export function required<Value>(value: Value | undefined, name: string): Value {
	if (value !== undefined) return value;
	throw SseError.invalidRequest(name, `"${name}" is missing.`);
}
