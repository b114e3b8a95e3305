import { EVERYONE } from "../addressing/session-id.ts";
import { type Refusal, refuse } from "../errors/refusal.ts";
import { type Address, eventNameProblem } from "./event.ts";

/** To whom an event may be addressed. */
export type SseAudience = "session" | "public";

/** How streams get a payload: as JSON, or, if it is a string, as plain text. */
export type SseForm = "json" | "text";

/** What is agreed about one event name. */
export interface EventContract {
	/** A schema of Moleculer's validator for the payload, like those of actions for their params. */
	params?: Record<string, unknown>;
	/**
	 * `session`: to sessions by their ids, and never to `"*"`. `public`: to `"*"` too. Default `session`: an event is public
	 * only if that was declared.
	 */
	audience?: SseAudience;
	/**
	 * `text`: the payload is a string, and the page gets it as it is, with its lines; for pages that take HTML and the like
	 * instead of JSON. Default `json`.
	 */
	as?: SseForm;
	/**
	 * With `buffer.policy` `conflate`: the key under which an event replaces an earlier one of its name that a slow client has
	 * not got yet; without a key it replaces nothing. True: all events of the name replace each other.
	 */
	// biome-ignore lint/suspicious/noExplicitAny: the payload's shape is the application's
	conflate?: true | ((payload: any) => string | number | null | undefined);
}

/** The events that exist, by name; any other is refused, from senders and from clients. */
export type EventsContract = Readonly<Record<string, EventContract>>;

const AUDIENCES: readonly unknown[] = ["session", "public"] satisfies SseAudience[];
const FORMS: readonly unknown[] = ["json", "text"] satisfies SseForm[];

/** What each member of an event's contract accepts. */
const MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
	params: value => typeof value === "object" && value !== null && !Array.isArray(value),
	audience: value => AUDIENCES.includes(value),
	as: value => FORMS.includes(value),
	conflate: value => value === true || typeof value === "function"
};

/** Whether a value is a contract; the schemas in it are not checked. */
export function isContract(events: unknown): events is EventsContract {
	if (typeof events !== "object" || events === null || Array.isArray(events)) return false;
	return Object.entries(events).every(([name, contract]) => {
		if (eventNameProblem(name) !== undefined) return false;
		if (typeof contract !== "object" || contract === null || Array.isArray(contract)) return false;
		return Object.entries(contract).every(
			([member, value]) =>
				Object.hasOwn(MEMBERS, member) && (value === undefined || MEMBERS[member]?.(value))
		);
	});
}

/** Whether an event name is in the contract; any is if there is none. */
export function isDeclared(events: EventsContract | undefined, name: string): boolean {
	return events === undefined || Object.hasOwn(events, name);
}

/** The events whose payload streams get as text. */
export function textEvents(events: EventsContract = {}): ReadonlySet<string> {
	return new Set(Object.keys(events).filter(name => events[name]?.as === "text"));
}

/** Why an event violates the contract, by its name or its address; undefined if it does not. */
export function contractViolation(
	events: EventsContract | undefined,
	{ eventName, sessionId }: Address
): Refusal | undefined {
	if (events === undefined) return undefined;
	if (!isDeclared(events, eventName)) {
		return refuse(
			"eventName",
			`"eventName" is not in the event contract: add "${eventName}" to the option "events".`,
			"contract"
		);
	}
	if (sessionId === EVERYONE && events[eventName]?.audience !== "public") {
		return refuse(
			"sessionId",
			`"sessionId" is "${EVERYONE}", but "${eventName}" is for single sessions: name them, or give the event ` +
				`audience "public".`,
			"contract"
		);
	}
	return undefined;
}

/**
 * The key under which an event replaces others that wait, unique over all names; undefined if it replaces none.
 *
 * @param payload Called only if the contract has a function.
 * @throws What the application's function throws.
 */
export function conflationKey(
	events: EventsContract | undefined,
	eventName: string,
	payload: () => unknown
): string | undefined {
	if (events === undefined || !Object.hasOwn(events, eventName)) return undefined;
	const conflate = events[eventName]?.conflate;
	if (conflate === undefined) return undefined;
	// A name contains no line break.
	if (conflate === true) return `${eventName}\n`;
	const key = conflate(payload());
	return key === undefined || key === null ? undefined : `${eventName}\n${key}`;
}
