import type { EventsContract } from "../event/contract.ts";
import { EVENTS_OPTION } from "./events-option.ts";
import { SENDER_LIMITS_OPTION, type SenderLimits } from "./limit-options.ts";
import type { OptionSpecs } from "./option-spec.ts";
import { RABBITMQ_OPTION } from "./rabbitmq-options.ts";

/** The options of `SseMiddleware`, with their defaults; those of `stream` have specs of their own. */
export interface MiddlewareOptions {
	/**
	 * `{ url, … }`: carries `sse.send` on one RabbitMQ stream instead of as Moleculer events, see
	 * "Choosing a bus" in docs/guide/choosing-a-bus.md; the same on every node. Needs the packages
	 * amqplib and amqp-connection-manager. null = Moleculer events.
	 * @default null
	 */
	stream: Readonly<Record<string, unknown>> | null;
	/**
	 * The event contract, the same in `SseMixin` and `SseMiddleware`.
	 * @default any name
	 */
	events?: EventsContract;
	/**
	 * Bounds on an event, the same as in `SseMixin`; 0 turns one off; see "Limits" in
	 * docs/production/limits.md.
	 * @default { "eventBytes": 16777216, "recipientsPerEvent": 10000 }
	 */
	limits: SenderLimits;
}

/** Every option of `SseMiddleware`. */
export const SSE_MIDDLEWARE_OPTIONS: OptionSpecs<MiddlewareOptions> = {
	stream: RABBITMQ_OPTION,
	events: EVENTS_OPTION,
	limits: SENDER_LIMITS_OPTION
};
