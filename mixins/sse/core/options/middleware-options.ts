import { EVENTS_OPTION, SENDER_LIMITS_OPTION } from "./access-options.ts";
import type { OptionSpec } from "./option-spec.ts";
import { RABBITMQ_OPTION } from "./rabbitmq-options.ts";

/** Every option of `SseMiddleware`. */
export const SSE_MIDDLEWARE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
	stream: RABBITMQ_OPTION,
	events: EVENTS_OPTION,
	limits: SENDER_LIMITS_OPTION
};
