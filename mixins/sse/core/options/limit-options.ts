import type { GroupSpec, OptionSpecs } from "./option-spec.ts";
import { group, whole } from "./specs.ts";

/** Bounds of what a sender may send. */
export interface SenderLimits {
	/**
	 * Bytes of a payload as JSON. 0 = off.
	 * @default 16777216
	 */
	eventBytes: number;
	/**
	 * Session ids of an event. 0 = off.
	 * @default 10000
	 */
	recipientsPerEvent: number;
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
	 * Event names of all open streams together. 0 = off.
	 * @default 500000
	 */
	eventNames: number;
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
	}),
	recipientsPerEvent: whole({
		about: "session ids of an event",
		unit: "session ids",
		// up to a tenth of the history's default size
		default: 10_000,
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
		eventNames: whole({
			about: "event names of all open streams together",
			unit: "names",
			// with 128 characters each, a hundred megabytes of heap
			default: 500_000,
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
	about:
		"bounds on an event, the same as in `SseMixin`; 0 turns one off; see [Limits](../production/limits.md#limits)",
	says: ({ eventBytes }) => `whole numbers, ${eventBytes}`
});
