import { type EventsContract, isContract } from "./contract.ts";
import type { OptionSpec } from "./options.ts";

/** An event contract, for both halves. Private: it may hold functions. */
export const EVENTS_OPTION: OptionSpec = {
	default: undefined,
	takes:
		'an object { "<event name>": { params, audience } }, with a schema of Moleculer\'s validator and ' +
		'"session" or "public", given to the factory itself',
	rule: { type: "object", optional: true },
	check: (value: EventsContract | undefined) => value === undefined || isContract(value),
	private: true
};

/** Bounds of what a sender may send. */
export interface SenderLimits {
	/** Bytes of a payload as JSON; default 16,777,216 (16 MiB), 0 = off. */
	eventBytes: number;
}

const bound = { type: "number", integer: true, min: 0 };

/** What RabbitMQ takes as one message by default. */
const EVENT_BYTES = 16_777_216;

export const SENDER_LIMITS_OPTION: OptionSpec = {
	default: { eventBytes: EVENT_BYTES },
	takes: "{ eventBytes }: a whole number, 0 or more (0 = off)",
	rule: { type: "object", strict: true, props: { eventBytes: bound } }
};
