import { isDeclared } from "../../core/event/contract.ts";
import { eventNameProblem } from "../../core/event/event.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { NameRules } from "../request/request.ts";
import { ALIAS_TYPE } from "./alias.ts";
import type { Middleware } from "./middleware-guard.ts";

/** An alias that streams, as written in a route: `{ type: "sse", … }`, or the same after middlewares. */
export interface StreamAlias {
	/** All its fields; hooks of the route may read whatever the application has put there. */
	readonly own: Readonly<Record<string, unknown>>;
	/** The event names that it streams, without duplicates; undefined: those that the request asks for. */
	readonly eventNames: readonly string[] | undefined;
	/** Middlewares that run after the checks of the route, in this order. */
	readonly middlewares: readonly Middleware[];
}

/**
 * Reads the definition of an alias.
 *
 * @param match Its key in the route, as in `GET /live`.
 * @returns Undefined if it has nothing to do with streams.
 * @throws SseError `SSE_INVALID_OPTION` if it was meant to stream, and cannot.
 */
export function readStreamAlias(
	match: string,
	definition: unknown,
	rules: NameRules
): StreamAlias | undefined {
	const parts: readonly unknown[] = Array.isArray(definition) ? definition : [definition];
	const meant = parts.filter(isMeantToStream);
	if (meant.length === 0) return undefined;

	const [own] = meant;
	const texts = parts.filter(part => typeof part === "string");
	if (!isObject(own) || texts.length > 0 || own.action || own.handler) {
		throw wrong(match, `is of type "${ALIAS_TYPE}" and takes neither action nor handler.`);
	}
	if (parts.filter(isObject).length > 1) {
		throw wrong(
			match,
			`takes one { type: "${ALIAS_TYPE}" }, behind functions that are middlewares.`
		);
	}
	if (own.type !== ALIAS_TYPE) {
		throw wrong(
			match,
			`takes type: "${ALIAS_TYPE}" to stream, and has ${JSON.stringify(own.type)}.`
		);
	}
	if (/^REST\s/.test(match)) {
		throw wrong(match, `is of type "${ALIAS_TYPE}", but REST is for actions: write GET.`);
	}
	return {
		own,
		eventNames: readNames(match, own.eventNames, rules),
		middlewares: parts.filter(part => typeof part === "function") as Middleware[]
	};
}

/** Also if it was misspelt: an alias that neither streams nor has an action is answered with 404, and nobody is told why. */
function isMeantToStream(part: unknown): boolean {
	if (typeof part === "string") return part.startsWith(`${ALIAS_TYPE}:`);
	if (!isObject(part)) return false;
	const { type, action, handler, eventNames } = part;
	if (type === ALIAS_TYPE) return true;
	if (action || handler) return false;
	return type === undefined
		? eventNames !== undefined
		: typeof type === "string" && type.trim().toLowerCase() === ALIAS_TYPE;
}

function readNames(
	match: string,
	given: unknown,
	{ events, limits: { eventNamesPerStream: most } }: NameRules
): readonly string[] | undefined {
	if (given === undefined) return undefined;
	if (!Array.isArray(given) || given.length === 0) {
		throw wrong(match, "takes an array of event names as eventNames, at least one.");
	}
	for (const name of given) {
		const problem = eventNameProblem(name);
		if (problem !== undefined)
			throw wrong(match, `has a name among its eventNames that ${problem}.`);
		if (isDeclared(events, name)) continue;
		throw wrong(match, `has "${name}" among its eventNames: add it to the option "events".`);
	}
	const names = [...new Set<string>(given)];
	if (most === 0 || names.length <= most) return names;
	throw wrong(match, `has more than ${most} eventNames: raise limits.eventNamesPerStream.`);
}

function wrong(match: string, problem: string): SseError {
	return new SseError("SSE_INVALID_OPTION", `The alias "${match}" ${problem}`, { alias: match });
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
