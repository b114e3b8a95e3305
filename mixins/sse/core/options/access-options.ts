import { type EventsContract, isContract } from "../event/contract.ts";
import type { OptionSpec } from "./option-spec.ts";

/** An event contract, for both halves. Private: it may hold functions. */
export const EVENTS_OPTION: OptionSpec = {
	default: undefined,
	takes:
		'an object { "<event name>": { params, audience, conflate } }, with a schema of Moleculer\'s validator, ' +
		'"session" or "public", and true or a function payload => key, given to the factory itself',
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

/** Bounds of what clients may open. 0 = off, each. */
export interface StreamLimits extends SenderLimits {
	/** Open streams of a gateway; default 50,000. */
	streams: number;
	/** Open streams of a session, by its first id; default 1,000. */
	streamsPerSession: number;
	/** Open streams of a client address, see `trustProxy`; default 0: behind a proxy all share one. */
	streamsPerIp: number;
	/** Streams that a gateway opens a second; default 5,000. */
	opensPerSecond: number;
	/** Event names of a stream; default 100. */
	eventNamesPerStream: number;
}

const STREAM_LIMITS: StreamLimits = {
	streams: 50_000,
	streamsPerSession: 1000,
	streamsPerIp: 0,
	opensPerSecond: 5000,
	eventNamesPerStream: 100,
	eventBytes: EVENT_BYTES
};

export const STREAM_LIMITS_OPTION: OptionSpec = {
	default: STREAM_LIMITS,
	takes: `{ ${Object.keys(STREAM_LIMITS).join(", ")} }: whole numbers, 0 or more (0 = off)`,
	rule: {
		type: "object",
		strict: true,
		props: Object.fromEntries(Object.keys(STREAM_LIMITS).map(limit => [limit, bound]))
	}
};

export const TRUST_PROXY_OPTION: OptionSpec = {
	default: false,
	takes:
		"the number of proxies in front, a list of their addresses and ranges, true for any, or false for none",
	rule: {
		type: "multi",
		rules: [
			{ type: "boolean" },
			{ type: "number", integer: true, min: 0 },
			{ type: "string", empty: false },
			{ type: "array", min: 1, items: { type: "string", empty: false } }
		]
	}
};

export const SENDER_LIMITS_OPTION: OptionSpec = {
	default: { eventBytes: EVENT_BYTES },
	takes: "{ eventBytes }: a whole number, 0 or more (0 = off)",
	rule: { type: "object", strict: true, props: { eventBytes: bound } }
};

/** Tickets for clients that cannot send a header. Null or left out = off. */
export interface TicketOptions {
	/** At least 32 bytes; default: MOLECULER_SSE_TICKET_SECRET of the environment. */
	secret?: string;
	/** In place of `secret`: the first signs, all are believed, so that secrets can be changed. */
	secrets?: readonly string[];
	/** Milliseconds for which a ticket opens a stream; default 30,000. */
	expiresIn?: number;
}

const secret = { type: "string", min: 32, optional: true };

export const TICKET_OPTION: OptionSpec = {
	default: undefined,
	takes:
		"{ secret | secrets, expiresIn }: texts of at least 32 bytes (or MOLECULER_SSE_TICKET_SECRET in the " +
		"environment), and milliseconds from 1,000 to 3,600,000, given to SseMixin() itself; or null for none",
	rule: {
		type: "object",
		optional: true,
		nullable: true,
		strict: true,
		props: {
			secret,
			secrets: {
				type: "array",
				optional: true,
				min: 1,
				max: 10,
				items: { ...secret, optional: false }
			},
			expiresIn: { type: "number", optional: true, integer: true, min: 1000, max: 3_600_000 }
		}
	},
	check: (value: TicketOptions | null | undefined) =>
		value?.secret === undefined || value.secrets === undefined,
	private: true,
	secret: true
};
