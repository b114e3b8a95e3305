import { type EventsContract, isContract } from "../event/contract.ts";
import type { OptionSpec } from "./option-spec.ts";
import { optional, record } from "./specs.ts";

/** The event contract, for both halves. Private: it may contain functions. */
export const EVENTS_OPTION: OptionSpec<EventsContract | undefined> = {
	...optional(
		record<EventsContract>({
			about:
				"the [event contract](../guide/event-contract.md), the same in `SseMixin` and `SseMiddleware`",
			takes:
				'an object { "<event name>": { params, audience, as, conflate } }, with a schema of Moleculer\'s validator, ' +
				'"session" or "public", "json" or "text", and true or a function payload => key, given to the factory itself'
		}),
		"any name"
	),
	check: isContract,
	private: true
};
