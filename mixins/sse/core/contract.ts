/** What is agreed on about one event name. */
export interface EventContract {
	/**
	 * With `buffer.policy` `conflate`: the key under which an event replaces an earlier one of its name
	 * that a slow client has not got yet; none: it replaces nothing. True: all of the name replace each
	 * other.
	 */
	// biome-ignore lint/suspicious/noExplicitAny: the payload's shape is the application's
	conflate?: true | ((payload: any) => string | number | null | undefined);
}

/** Contracts by event name. */
export type EventsContract = Readonly<Record<string, EventContract>>;

/** Whether anything is a contract. */
export function isContract(events: unknown): events is EventsContract {
	if (typeof events !== "object" || events === null || Array.isArray(events)) return false;
	return Object.values(events).every(contract => {
		if (typeof contract !== "object" || contract === null) return false;
		return Object.entries(contract).every(
			([member, value]) =>
				member === "conflate" &&
				(value === undefined || value === true || typeof value === "function")
		);
	});
}

/**
 * The key under which an event replaces others that wait, unique over all names; undefined if it
 * replaces none.
 *
 * @throws What the application's function throws.
 */
export function conflationKey(
	events: EventsContract | undefined,
	{ eventName, payload }: { eventName: string; payload: unknown }
): string | undefined {
	if (events === undefined || !Object.hasOwn(events, eventName)) return undefined;
	const conflate = events[eventName]?.conflate;
	if (conflate === undefined) return undefined;
	// A name holds no line break.
	if (conflate === true) return `${eventName}\n`;
	const key = conflate(payload);
	return key === undefined || key === null ? undefined : `${eventName}\n${key}`;
}
