import { type EventsContract, isContract } from "../event/contract.ts";
import type { GroupSpec, OptionSpec, OptionSpecs } from "./option-spec.ts";
import { group, optional, orNull, record, text, whole } from "./specs.ts";

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

/** Bounds of what a sender may send. */
export interface SenderLimits {
	/**
	 * Bytes of a payload as JSON. 0 = off.
	 * @default 16777216
	 */
	eventBytes: number;
}

/** Bounds of what clients may open. 0 = off, each. */
export interface StreamLimits extends SenderLimits {
	/**
	 * Open streams of a gateway. 0 = off.
	 * @default 50000
	 */
	streams: number;
	/**
	 * Open streams of a session, by its first id. 0 = off.
	 * @default 1000
	 */
	streamsPerSession: number;
	/**
	 * Open streams of a client address, see `trustProxy`; behind a proxy all clients have its
	 * address. 0 = off.
	 * @default 0
	 */
	streamsPerIp: number;
	/**
	 * Streams that a gateway opens in a second. 0 = off.
	 * @default 5000
	 */
	opensPerSecond: number;
	/**
	 * Event names of a stream. 0 = off.
	 * @default 100
	 */
	eventNamesPerStream: number;
}

const SENDER_LIMITS: OptionSpecs<SenderLimits> = {
	eventBytes: whole({
		about: "bytes of a payload as JSON",
		unit: "bytes",
		// RabbitMQ's default limit for one message
		default: 16_777_216,
		zero: "off"
	})
};

export const STREAM_LIMITS_OPTION: GroupSpec<StreamLimits> = group<StreamLimits>(
	{
		streams: whole({
			about: "open streams of a gateway",
			unit: "streams",
			default: 50_000,
			zero: "off"
		}),
		streamsPerSession: whole({
			about: "open streams of a session, by its first id",
			unit: "streams",
			default: 1000,
			zero: "off"
		}),
		streamsPerIp: whole({
			about:
				"open streams of a client address, see `trustProxy`; behind a proxy all clients have its address",
			unit: "streams",
			default: 0,
			zero: "off"
		}),
		opensPerSecond: whole({
			about: "streams that a gateway opens in a second",
			unit: "streams",
			default: 5000,
			zero: "off"
		}),
		eventNamesPerStream: whole({
			about: "event names of a stream",
			unit: "names",
			default: 100,
			zero: "off"
		}),
		...SENDER_LIMITS
	},
	{
		about:
			"bounds on what clients may open, and on an event; 0 turns one off; see [Limits](../production/limits.md#limits)",
		says: ({ streams }) => `whole numbers, ${streams}`
	}
);

export const SENDER_LIMITS_OPTION: GroupSpec<SenderLimits> = group<SenderLimits>(SENDER_LIMITS, {
	about: "bytes that a payload may have as JSON; 0 = no limit",
	says: ({ eventBytes }) => `a whole number, ${eventBytes}`
});

export const TRUST_PROXY_OPTION: OptionSpec<boolean | number | string | readonly string[]> = {
	about:
		"the proxies in front that are trusted about a client's address (`X-Forwarded-For`) and https " +
		'(`X-Forwarded-Proto`): their number, or a list of their addresses and ranges (`"loopback"`, `"10.0.0.0/8"`); ' +
		"`true` trusts any, a client that writes these headers itself included",
	default: false,
	off: false,
	takes:
		"the number of proxies in front, a list of their addresses and ranges, true for any, or false for none",
	range: "the number of proxies, or a list of their addresses and ranges",
	// As an address, "1" would be 0.0.0.1, which is nobody's.
	check: value =>
		![value].flat().some(part => typeof part === "string" && /^(0x[\da-f]+|\d+)$/i.test(part)),
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

/** Tickets for clients that cannot send a header. Null or left out = off. */
export interface TicketOptions {
	/**
	 * Signs the tickets: at least 32 bytes, random ones.
	 * @default `MOLECULER_SSE_TICKET_SECRET` of the environment
	 */
	secret?: string;
	/** In place of `secret`: the first signs, all are believed, so that secrets can be changed. */
	secrets?: readonly string[];
	/**
	 * Milliseconds for which a ticket opens a stream.
	 * @default 30000
	 */
	expiresIn?: number;
}

/** Milliseconds. */
export const TICKET_EXPIRES_IN = 30_000;

const SECRET: OptionSpec<string> = text({
	about: "signs the tickets: at least 32 bytes, random ones",
	takes: "at least 32 bytes",
	min: 32
});

const TICKET_FIELDS: OptionSpecs<TicketOptions> = {
	secret: optional(SECRET, "`MOLECULER_SSE_TICKET_SECRET` of the environment"),
	secrets: optional({
		about:
			"in place of `secret`: the first signs, all are believed, so that secrets can be changed",
		takes: "1 to 10 secrets",
		range: "1 to 10 secrets",
		rule: { type: "array", min: 1, max: 10, items: SECRET.rule }
	}),
	expiresIn: optional(
		whole({
			about: "milliseconds for which a ticket opens a stream",
			unit: "milliseconds",
			default: TICKET_EXPIRES_IN,
			min: 1000,
			max: 3_600_000
		})
	)
};

export const TICKET_OPTION: GroupSpec<TicketOptions | null | undefined> = {
	...optional(
		orNull(
			group<TicketOptions>(TICKET_FIELDS, {
				about:
					"`{ secret | secrets, expiresIn }`: adds the action `sseTicket`, which gives " +
					"[tickets](../guide/authentication.md#a-ticket-for-apis-that-take-headers) to pages that cannot send their credentials",
				names: "secret | secrets, expiresIn",
				says: ({ secret, expiresIn }) =>
					`texts of ${secret} (or MOLECULER_SSE_TICKET_SECRET in the environment), and milliseconds ` +
					`${expiresIn}, given to SseMixin() itself`,
				check: ({ secret, secrets }) => secret === undefined || secrets === undefined
			}),
			"none"
		),
		"none"
	),
	private: true,
	secret: true
};
