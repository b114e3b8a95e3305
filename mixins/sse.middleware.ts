import type { Middleware, ServiceBroker } from "moleculer";
import { installBus, installedBus } from "./sse/bus/broker-bus.ts";
import type { Bus, PublishOptions, SseBusState } from "./sse/bus/bus.ts";
import { MoleculerBus } from "./sse/bus/moleculer/moleculer-bus.ts";
import { RabbitmqBus } from "./sse/bus/rabbitmq/rabbitmq-bus.ts";
import { type GivenRabbitmqOptions, streamOf } from "./sse/bus/rabbitmq/stream-name.ts";
import { checkReach } from "./sse/bus/reach-check.ts";
import { isNobody } from "./sse/core/addressing/session-id.ts";
import { onePer } from "./sse/core/collections/one-per.ts";
import { isRefusal } from "./sse/core/errors/refusal.ts";
import type { EventsContract } from "./sse/core/event/contract.ts";
import { readSafely, SEND } from "./sse/core/event/event.ts";
import { createIdSource, newEpoch } from "./sse/core/event/event-id.ts";
import type { SenderLimits } from "./sse/core/options/access-options.ts";
import { SSE_MIDDLEWARE_OPTIONS } from "./sse/core/options/middleware-options.ts";
import { RABBITMQ_OPTIONS, type RabbitmqOptions } from "./sse/core/options/rabbitmq-options.ts";
import {
	CLOSE,
	type Revocation,
	readClose,
	type SseClose
} from "./sse/core/revocation/revocation.ts";
import { BroadcastTracker } from "./sse/moleculer/broadcast/broadcast-tracker.ts";
import { refusePastLimit } from "./sse/moleculer/broadcast/packet-limit.ts";
import { installSafeSending } from "./sse/moleculer/broadcast/packets.ts";
import {
	type Broadcast,
	neverThrowing,
	safeBroadcast
} from "./sse/moleculer/broadcast/safe-broadcast.ts";
import { reportIfUnhandled } from "./sse/moleculer/broadcast/unhandled-rejection.ts";
import { checkOptions } from "./sse/moleculer/check-options.ts";
import { createRecipientLog } from "./sse/moleculer/sender/recipient-log.ts";
import { installReplCommand } from "./sse/moleculer/sender/repl.ts";
import { withRevocationId } from "./sse/moleculer/sender/revocation-id.ts";
import { createSenderCheck } from "./sse/moleculer/sender/sender-check.ts";
import { SseError } from "./sse/moleculer/sse-error.ts";
import { watchTransporter } from "./sse/moleculer/transporter/transporter-health.ts";

/** {@link RabbitmqOptions}; what is left out keeps its default. */
export interface SseRabbitmqOptions
	extends Partial<Omit<RabbitmqOptions, "url" | "outbox" | "exchange">> {
	url: RabbitmqOptions["url"];
	outbox?: Partial<RabbitmqOptions["outbox"]>;
}

export interface SseMiddlewareOptions {
	/** The events that there are; give the same to `SseMixin`. Default: any event may be sent. */
	events?: EventsContract;
	/** Parts that are left out keep their defaults. */
	limits?: Partial<SenderLimits>;
	/**
	 * Carries `sse.send` on one RabbitMQ stream; default null = as Moleculer events. The same on every
	 * node. Needs the packages amqplib and amqp-connection-manager.
	 */
	stream?: SseRabbitmqOptions | null;
}

/**
 * The sender's half, for every node: `middlewares: [SseMiddleware()]`. Checks each `sse.send` before
 * it leaves the node, gives it its id, and leaves every other event alone. Also adds the REPL command
 * `sse send <sessionId> <eventName> [json]`.
 *
 * @throws SseError `SSE_INVALID_OPTION` for an unknown or ill-typed option; a schema of the contract, and the name of the
 * stream, are looked at when the broker is created.
 */
export function SseMiddleware(options: SseMiddlewareOptions = {}): Middleware {
	// Moleculer calls functions among its middlewares with the broker.
	if (isBroker(options)) throw misplaced("SseMiddleware was passed without being called");
	const { stream, events, limits } = checkOptions(
		"SseMiddleware",
		SSE_MIDDLEWARE_OPTIONS,
		options
	) as unknown as { stream: unknown; events?: EventsContract; limits: SenderLimits };
	const streamOptions =
		stream === null
			? undefined
			: (checkOptions(
					"SseMiddleware, stream",
					RABBITMQ_OPTIONS,
					stream
				) as unknown as GivenRabbitmqOptions);

	// One middleware may serve several brokers.
	const transporters = new WeakMap<ServiceBroker, MoleculerBus>();
	// Of revocations that stand on the stream: by these, what comes in both ways is taken once.
	const idsOnStreamOf = onePer((broker: ServiceBroker) =>
		createIdSource(broker.nodeID, newEpoch())
	);
	const streams = new WeakMap<ServiceBroker, RabbitmqBus>();
	const installStream = (broker: ServiceBroker, options: GivenRabbitmqOptions): void => {
		const bus = new RabbitmqBus(streamOf(broker, options), broker);
		streams.set(broker, bus);
		installBus(broker, bus);
	};

	const checkOf = onePer((broker: ServiceBroker) =>
		createSenderCheck(broker, { events, ...limits })
	);
	const recipientLogOf = onePer((broker: ServiceBroker) => createRecipientLog(broker));
	const departuresOf = onePer((_broker: ServiceBroker) => new BroadcastTracker());

	const middleware = {
		name: "SseMiddleware",

		created(broker?: ServiceBroker): void {
			if (broker === undefined) throw misplaced("SseMiddleware() is a middleware, not a mixin");
			checkOf(broker);
			checkReach(broker);
			installReplCommand(broker);
			watchTransporter(broker);
			transporters.get(broker)?.listen();
			installSafeSending(broker, departuresOf(broker));
		},

		async starting(broker: ServiceBroker): Promise<void> {
			await streams.get(broker)?.open();
		},

		async stopped(broker: ServiceBroker): Promise<void> {
			await streams.get(broker)?.close();
			// A broker may be started again.
			if (streamOptions !== undefined) installStream(broker, streamOptions);
		},

		broadcast(this: ServiceBroker, next: Broadcast): Broadcast {
			// The second would refuse what the first has made of an event.
			if (installedBus(this) !== undefined) throw misplaced("SseMiddleware is used twice");
			const broadcast = safeBroadcast(this, next, departuresOf(this));
			if (streamOptions === undefined) {
				const bus = new MoleculerBus(this, broadcast);
				transporters.set(this, bus);
				installBus(this, bus);
			} else {
				installStream(this, streamOptions);
			}
			const send = neverThrowing(this, (eventName, payload, options) => {
				if (eventName === CLOSE) {
					const fromRepl = isFromRepl(options);
					const revocation = readSafely(() => readClose(payload, { fromRepl }));
					if (isRefusal(revocation)) return reject(this, SseError.invalidClose(revocation));
					if (isNobody(revocation.sessionId)) return Promise.resolve();
					recipientLogOf(this)(CLOSE, revocation.sessionId);
					const data = plain(revocation);
					const tooLarge = refusePastLimit(this, CLOSE, data, options);
					if (tooLarge !== undefined) return reject(this, SseError.invalidClose(tooLarge));
					const transporter = transporters.get(this);
					if (transporter !== undefined) return transporter.revoke(data, options);
					const id = idsOnStreamOf(this).next();
					// By both ways: the Moleculer event comes to gateways that do not hear the stream, and is what the sender
					// hears of; the stream also tells gateways that start later.
					streams.get(this)?.revoke(revocation, id);
					return broadcast(CLOSE, data, withRevocationId(options, id));
				}
				const checked = checkOf(this)(payload, { fromRepl: isFromRepl(options) });
				if (isRefusal(checked)) return reject(this, SseError.invalidEvent(checked));
				const { address, json } = checked;
				// Checked all the same: a bad event is to be found before an article has its first follower.
				if (isNobody(address.sessionId)) return Promise.resolve();
				const { eventName: name, sessionId } = address;
				recipientLogOf(this)(name, sessionId);
				const data = { eventName: name, sessionId, json };
				const tooLarge =
					streamOptions === undefined ? refusePastLimit(this, SEND, data, options) : undefined;
				if (tooLarge !== undefined) return reject(this, SseError.invalidEvent(tooLarge));
				return (installedBus(this) as Bus).publish(address, json, options);
			});
			return (eventName, payload, options) => {
				const isOurs = eventName === SEND || eventName === CLOSE;
				return isOurs ? send(eventName, payload, options) : next(eventName, payload, options);
			};
		},

		localEvent(this: ServiceBroker, next: HandleEvent, event: { name: string }): HandleEvent {
			// A pattern may match it.
			if (event.name !== SEND && event.name !== CLOSE && !/[*?]/.test(event.name)) return next;
			const broadcastTracker = departuresOf(this);
			return ctx => {
				broadcastTracker.hear(ctx.eventName);
				return next(ctx);
			};
		},

		/** `emit` picks one gateway: the others' streams would miss the event, silently. */
		emit(this: ServiceBroker, next: Broadcast): Broadcast {
			return (eventName, payload, options) => {
				if (eventName !== SEND && eventName !== CLOSE) return next(eventName, payload, options);
				const message = `"${eventName}" was emitted, which reaches one gateway only: broadcast it.`;
				return reject(this, new SseError("SSE_NOT_BROADCAST", message));
			};
		}
	};
	// Moleculer's types describe the hooks of broker methods as what these return.
	return middleware as unknown as Middleware;
}

function isBroker(options: unknown): boolean {
	const { createService } = (options ?? {}) as { createService?: unknown };
	return typeof createService === "function";
}

function misplaced(what: string): SseError {
	return new SseError(
		"SSE_INVALID_OPTION",
		`${what}: write middlewares: [SseMiddleware()] in the broker's options, once.`
	);
}

/** A handler of events as Moleculer's middlewares wrap it. */
type HandleEvent = (ctx: { eventName: string }) => unknown;

/** Serializers of transporters differ in what becomes of undefined. */
function plain({
	sessionId,
	eventName,
	reason
}: Revocation): SseClose & Pick<Revocation, "sessionId"> {
	return eventName === undefined ? { sessionId, reason } : { sessionId, eventName, reason };
}

/**
 * How a broker's bus is, for health checks.
 *
 * @returns Undefined if the broker runs without `SseMiddleware`.
 */
export function busState(broker: ServiceBroker): SseBusState | undefined {
	return installedBus(broker)?.state;
}

function reject(broker: ServiceBroker, error: SseError): Promise<never> {
	// Without data there is nothing to show, not even that it is undefined.
	const shown = error.data === undefined ? [] : [error.data];
	return reportIfUnhandled(Promise.reject(error), () =>
		broker.logger.error(`SSE: an event was not sent: ${error.message}`, ...shown)
	);
}

/** The REPL marks what it sends. */
function isFromRepl(options: PublishOptions | undefined): boolean {
	const meta = options?.meta as { $repl?: unknown } | undefined;
	return meta?.$repl === true;
}
