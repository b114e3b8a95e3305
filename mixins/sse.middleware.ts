import type { Middleware, ServiceBroker } from "moleculer";
import { installedBus } from "./sse/bus/broker-bus.ts";
import type { SseBusState } from "./sse/bus/bus.ts";
import { MoleculerBus } from "./sse/bus/moleculer/moleculer-bus.ts";
import { RabbitmqBus } from "./sse/bus/rabbitmq/rabbitmq-bus.ts";
import { streamOf } from "./sse/bus/rabbitmq/stream-name.ts";
import { createSenderMiddleware, misplacedMiddleware } from "./sse/bus/sender-middleware.ts";
import { textEvents } from "./sse/core/event/contract.ts";
import {
	type MiddlewareOptions,
	SSE_MIDDLEWARE_OPTIONS
} from "./sse/core/options/middleware-options.ts";
import type { Given } from "./sse/core/options/option-spec.ts";
import { RABBITMQ_OPTIONS, type SseRabbitmqOptions } from "./sse/core/options/rabbitmq-options.ts";
import { INSPECTION_VERBS } from "./sse/inspection/repl.ts";
import { installInspection } from "./sse/inspection/service.ts";
import { checkNode } from "./sse/moleculer/check-node.ts";
import { checkOptions } from "./sse/moleculer/check-options.ts";
import { installReplCommand } from "./sse/moleculer/sender/repl.ts";

/** The options of `SseMiddleware`; what is left out keeps its default, in groups such as `limits` too. */
export interface SseMiddlewareOptions extends Given<Omit<MiddlewareOptions, "stream">> {
	/**
	 * `{ url, … }`: carries `sse.send` on one RabbitMQ stream instead of as Moleculer events, see
	 * "Choosing a bus" in docs/guide/choosing-a-bus.md; the same on every node. Needs the packages
	 * amqplib and amqp-connection-manager. null = Moleculer events.
	 * @default null
	 */
	stream?: SseRabbitmqOptions | null;
}

/**
 * The sender's half, for every node: `middlewares: [SseMiddleware()]`. Checks each `sse.send` before it leaves the node, gives
 * it its id, and leaves every other event alone. Also adds the REPL command
 * `sse`, and the actions that look into gateways.
 *
 * @throws SseError `SSE_INVALID_OPTION` for an unknown or ill-typed option; a schema of the contract, and the name of the
 * RabbitMQ stream, are checked when the broker is created.
 */
export function SseMiddleware(options: SseMiddlewareOptions = {}): Middleware {
	checkNode();
	// Moleculer calls functions among its middlewares with the broker.
	if (isBroker(options)) throw misplacedMiddleware("SseMiddleware was passed without being called");
	const { stream, events, limits } = checkOptions("SseMiddleware", SSE_MIDDLEWARE_OPTIONS, options);
	const streamOptions =
		stream === null ? undefined : checkOptions("SseMiddleware, stream", RABBITMQ_OPTIONS, stream);

	const created = (broker: ServiceBroker): void => {
		installReplCommand(broker, INSPECTION_VERBS, textEvents(events));
		installInspection(broker);
	};
	return createSenderMiddleware({ events, limits, created }, (broker, broadcast, counters) =>
		streamOptions === undefined
			? new MoleculerBus(broker, broadcast)
			: new RabbitmqBus(streamOf(broker, streamOptions), broker, broadcast, counters)
	);
}

function isBroker(options: unknown): boolean {
	const { createService } = (options ?? {}) as { createService?: unknown };
	return typeof createService === "function";
}

/**
 * State of a broker's bus, for health checks.
 *
 * @returns Undefined if the broker runs without `SseMiddleware`.
 */
export function busState(broker: ServiceBroker): SseBusState | undefined {
	return installedBus(broker)?.state;
}
