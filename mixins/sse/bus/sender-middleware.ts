import type { Middleware, ServiceBroker } from "moleculer";
import { isNobody } from "../core/addressing/session-id.ts";
import { onePer } from "../core/collections/one-per.ts";
import { isRefusal, type Refusal } from "../core/errors/refusal.ts";
import type { EventsContract } from "../core/event/contract.ts";
import { readSafely, SEND } from "../core/event/event.ts";
import { SenderCounters } from "../core/metrics/counters.ts";
import type { SenderLimits } from "../core/options/limit-options.ts";
import { CLOSE, readClose, writeClose } from "../core/revocation/revocation.ts";
import { BroadcastTracker } from "../moleculer/broadcast/broadcast-tracker.ts";
import { trackLocalDelivery } from "../moleculer/broadcast/local-delivery.ts";
import { installSafeSending } from "../moleculer/broadcast/packets.ts";
import {
	type Broadcast,
	neverThrowing,
	type SafeBroadcast,
	safeBroadcast
} from "../moleculer/broadcast/safe-broadcast.ts";
import { reportIfUnhandled } from "../moleculer/broadcast/unhandled-rejection.ts";
import { metricsOf } from "../moleculer/metrics/metrics.ts";
import { createRecipientLog } from "../moleculer/sender/recipient-log.ts";
import { createSenderCheck } from "../moleculer/sender/sender-check.ts";
import { SseError } from "../moleculer/sse-error.ts";
import { watchTransporter } from "../moleculer/transporter/transporter-health.ts";
import { installBus, installedBus } from "./broker-bus.ts";
import type { Bus, PublishOptions } from "./bus.ts";
import { checkReach } from "./reach-check.ts";
import { senderSource } from "./sender-metrics.ts";
import { tracedPublisher } from "./traced-publisher.ts";

/**
 * Creates a broker's bus.
 *
 * @param broadcast Moleculer's own, made safe: it never throws, and rejects only with `throwError`.
 * @param counters Count what the node sends.
 */
export type MakeBus = (
	broker: ServiceBroker,
	broadcast: SafeBroadcast,
	counters: SenderCounters
) => Bus;

export interface SenderOptions {
	/** Default: any event may be sent. */
	readonly events?: EventsContract | undefined;
	readonly limits: SenderLimits;
	/** Called when a broker is created. */
	created?(broker: ServiceBroker): void;
}

/** The sender's half, over any bus: checks what is sent with `broadcast`, and passes it to the bus. */
export function createSenderMiddleware(
	{ events, limits, created }: SenderOptions,
	makeBus: MakeBus
): Middleware {
	// One middleware may serve several brokers.
	const checkOf = onePer((broker: ServiceBroker) =>
		createSenderCheck(broker, { events, ...limits })
	);
	const recipientLogOf = onePer((broker: ServiceBroker) => createRecipientLog(broker));
	const trackerOf = onePer((_broker: ServiceBroker) => new BroadcastTracker());
	const countersOf = onePer((_broker: ServiceBroker) => new SenderCounters(events));
	const tellingOf = onePer((broker: ServiceBroker) =>
		metricsOf(broker).add(senderSource(countersOf(broker), broker, events))
	);

	const middleware = {
		name: "SseMiddleware",

		created(broker?: ServiceBroker): void {
			if (broker === undefined)
				throw misplacedMiddleware("SseMiddleware() is a middleware, not a mixin");
			checkOf(broker);
			checkReach(broker);
			watchTransporter(broker);
			installedBus(broker)?.listen();
			installSafeSending(broker, trackerOf(broker));
			trackLocalDelivery(broker, trackerOf(broker));
			created?.(broker);
			tellingOf(broker);
		},

		async starting(broker: ServiceBroker): Promise<void> {
			tellingOf(broker).start();
			await installedBus(broker)?.open();
		},

		async stopped(broker: ServiceBroker): Promise<void> {
			await installedBus(broker)?.close();
			tellingOf(broker).stop();
		},

		broadcast(this: ServiceBroker, next: Broadcast): Broadcast {
			// The second one would refuse what the first has made of an event.
			if (installedBus(this) !== undefined)
				throw misplacedMiddleware("SseMiddleware is used twice");
			const counters = countersOf(this);
			const onFailed = (eventName: string): void => {
				if (eventName === SEND) counters.eventsFailed.add("transporter");
			};
			const bus = makeBus(this, safeBroadcast(this, next, trackerOf(this), onFailed), counters);
			installBus(this, bus);
			const publisher = tracedPublisher(this, bus);
			const sendClose = (payload: unknown, options?: PublishOptions): Promise<unknown> => {
				const fromRepl = isFromRepl(options);
				const revocation = readSafely(() => readClose(payload, { fromRepl }));
				if (isRefusal(revocation)) {
					counters.revocationsRefused.add("invalid");
					return reject(this, SseError.invalidClose(revocation));
				}
				if (isNobody(revocation.sessionId)) return Promise.resolve();
				recipientLogOf(this)(CLOSE, revocation.sessionId);
				const refusal = bus.refuse(CLOSE, writeClose(revocation), options);
				if (refusal !== undefined) {
					counters.revocationsRefused.add("oversized");
					return reject(this, SseError.invalidClose(refusal));
				}
				counters.revocationsSent++;
				return bus.revoke(revocation, options);
			};
			const refuseEvent = (refusal: Refusal): Promise<never> => {
				counters.eventsRefused.add(refusal.kind);
				return reject(this, SseError.invalidEvent(refusal));
			};
			const sendEvent = (payload: unknown, options?: PublishOptions): Promise<unknown> => {
				const checked = checkOf(this)(payload, { fromRepl: isFromRepl(options) });
				if (isRefusal(checked)) return refuseEvent(checked);
				const { address, json } = checked;
				const { eventName, sessionId } = address;
				// Checked all the same, so that a wrong event is found before an article has its first follower.
				if (isNobody(sessionId)) return Promise.resolve();
				recipientLogOf(this)(eventName, sessionId);
				const refusal = bus.refuse(SEND, { sessionId, json, eventName }, options);
				if (refusal !== undefined) return refuseEvent(refusal);
				counters.eventsSent.add(eventName);
				return publisher.publish(address, json, options);
			};
			const send = neverThrowing(this, (eventName, payload, options) =>
				eventName === CLOSE ? sendClose(payload, options) : sendEvent(payload, options)
			);
			return (eventName, payload, options) => {
				const isOurs = eventName === SEND || eventName === CLOSE;
				return isOurs ? send(eventName, payload, options) : next(eventName, payload, options);
			};
		},

		/** `emit` picks one gateway, and the streams of the others would silently miss the event. */
		emit(this: ServiceBroker, next: Broadcast): Broadcast {
			return (eventName, payload, options) => {
				if (eventName !== SEND && eventName !== CLOSE) return next(eventName, payload, options);
				const { eventsRefused, revocationsRefused } = countersOf(this);
				(eventName === SEND ? eventsRefused : revocationsRefused).add("emitted");
				const message = `"${eventName}" was emitted, which reaches one gateway only: broadcast it.`;
				return reject(this, new SseError("SSE_NOT_BROADCAST", message));
			};
		}
	};
	// Moleculer's types describe the hooks of broker methods as what the hooks return.
	return middleware as unknown as Middleware;
}

/** The middleware is used in the wrong place. */
export function misplacedMiddleware(what: string): SseError {
	return new SseError(
		"SSE_INVALID_OPTION",
		`${what}: write middlewares: [SseMiddleware()] in the broker's options, once.`
	);
}

function reject(broker: ServiceBroker, error: SseError): Promise<never> {
	// Without data nothing more is logged, not even undefined.
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
