import { randomInt } from "node:crypto";
import type { Middleware, ServiceBroker } from "moleculer";
import type { PublishOptions } from "./sse/bus/bus.ts";
import { type Broadcast, TransporterBus } from "./sse/bus/transporter-bus.ts";
import { isRefusal } from "./sse/core/errors.ts";
import { SEND, serialise, validate } from "./sse/core/event.ts";
import { createIdSource } from "./sse/core/id.ts";
import { SSE_MIDDLEWARE_OPTIONS } from "./sse/core/options.ts";
import { checkOptions } from "./sse/moleculer/check-options.ts";
import { installReplCommand } from "./sse/moleculer/repl.ts";
import { SseError } from "./sse/moleculer/sse-error.ts";
import { rejectGently } from "./sse/moleculer/unawaited.ts";

/** None so far: a middleware without options carries `sse.send` as Moleculer events. */
export type SseMiddlewareOptions = Record<string, never>;

/**
 * The sender's half, for every node: `middlewares: [SseMiddleware()]`. Checks each `sse.send` before
 * it leaves the node, gives it its id, and leaves every other event alone. Also adds the REPL command
 * `sse send <sessionId> <eventName> [json]`.
 *
 * @throws SseError `SSE_INVALID_OPTION` for an unknown option.
 */
export function SseMiddleware(options: SseMiddlewareOptions = {}): Middleware {
	checkOptions("SseMiddleware", SSE_MIDDLEWARE_OPTIONS, options);

	const middleware = {
		name: "SseMiddleware",

		created(broker: ServiceBroker): void {
			installReplCommand(broker);
		},

		broadcast(this: ServiceBroker, next: Broadcast): Broadcast {
			const ids = createIdSource(this.nodeID, newEpoch());
			const bus = new TransporterBus(ids, next);
			return (eventName, payload, options) => {
				if (eventName !== SEND) return next(eventName, payload, options);
				const event = validate(payload, { typed: isTyped(options) });
				if (isRefusal(event)) return reject(this, SseError.invalidEvent(event));
				const json = serialise(event.payload);
				if (isRefusal(json)) return reject(this, SseError.invalidEvent(json));
				return bus.publish(event, options);
			};
		},

		/** `emit` picks one gateway: the others' streams would miss the event, silently. */
		emit(this: ServiceBroker, next: Broadcast): Broadcast {
			return (eventName, payload, options) => {
				if (eventName !== SEND) return next(eventName, payload, options);
				const message = `"${SEND}" was emitted, which reaches one gateway only: broadcast it.`;
				return reject(this, new SseError("SSE_NOT_BROADCAST", message));
			};
		}
	};
	// Moleculer's types describe the hooks of broker methods as what these return.
	return middleware as unknown as Middleware;
}

function reject(broker: ServiceBroker, error: SseError): Promise<never> {
	return rejectGently(error, () =>
		broker.logger.error(`SSE: an event was not sent: ${error.message}`, error.data)
	);
}

/** The REPL marks what it sends. */
function isTyped(options: PublishOptions | undefined): boolean {
	const meta = options?.meta as { $repl?: unknown } | undefined;
	return meta?.$repl === true;
}

/** 41 random bits, as eight characters: two lives of one node never share an epoch. */
function newEpoch(): string {
	return randomInt(36 ** 8)
		.toString(36)
		.padStart(8, "0");
}
