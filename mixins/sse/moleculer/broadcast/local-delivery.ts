import type { ServiceBroker } from "moleculer";
import { groupsOf } from "./broadcast-options.ts";
import type { BroadcastTracker } from "./broadcast-tracker.ts";

type BroadcastLocal = (eventName: string, ...rest: unknown[]) => unknown;
type DeliverLocal = (ctx: { readonly eventName: string }) => unknown;

/**
 * Tells when a broadcast reaches this node's own services, whatever middlewares there are. A listener need not have got it by
 * then: a middleware that awaits anything before it passes the event on calls the listener in a later turn.
 */
export function trackLocalDelivery(
	broker: ServiceBroker,
	broadcastTracker: BroadcastTracker
): void {
	const methods = broker as unknown as {
		broadcastLocal: BroadcastLocal;
		emitLocalServices: DeliverLocal;
	};
	const broadcastLocal = methods.broadcastLocal.bind(broker);
	methods.broadcastLocal = (eventName, ...rest) => {
		const result = broadcastLocal(eventName, ...rest);
		// What a middleware passes on in a later turn has come as far.
		broadcastTracker.reachOwnNode(eventName);
		return result;
	};
	const emitLocalServices = methods.emitLocalServices.bind(broker);
	methods.emitLocalServices = ctx => {
		broadcastTracker.reachOwnNode(ctx.eventName);
		return emitLocalServices(ctx);
	};
}

/** Whether a service of this node listens to an event. @param options Those of its broadcast. */
export function isHeardHere(broker: ServiceBroker, eventName: string, options: unknown): boolean {
	const { events } = broker.registry as unknown as {
		events: {
			getAllEndpoints(
				eventName: string,
				groups: readonly string[] | undefined
			): readonly { readonly local: boolean }[];
		};
	};
	return events.getAllEndpoints(eventName, groupsOf(options)).some(({ local }) => local);
}
