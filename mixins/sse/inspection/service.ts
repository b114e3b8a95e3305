import type { ServiceBroker } from "moleculer";
import { ACTIONS } from "./actions.ts";

/** Not `$sse`, which is the service by which a sender hears gateways, and which not every node has. */
const SERVICE = "$sseInspection";

const installed = new WeakSet<ServiceBroker>();

/**
 * Adds the actions of inspection to a broker. Call it when the broker, or a gateway of it, is created; calling it again is
 * harmless, even from another copy of the package.
 */
export function installInspection(broker: ServiceBroker): void {
	if (installed.has(broker)) return;
	installed.add(broker);
	if (broker.services.some(({ name }: { name: string }) => name === SERVICE)) return;
	// Runs in the turn in which the actions are registered, each time they are.
	if (broker.options.disableBalancer)
		broker.localBus.on("$services.changed", () => answerHere(broker));
	broker.createService({
		name: SERVICE,
		settings: { $noServiceNamePrefix: true },
		actions: { ...ACTIONS }
	});
}

/** The endpoints of an action in Moleculer's registry. */
interface Endpoints {
	readonly localEndpoints: readonly Endpoint[];
	readonly endpoints: readonly Endpoint[];
	getFirst(): Endpoint | null;
}

interface Endpoint {
	readonly action: { handler?: unknown; remoteHandler?: unknown };
}

/**
 * Makes the node that is asked answer the actions, even with the balancer off: Moleculer would call them through the
 * transporter, whose state is what a probe asks about, on whichever node it first heard of.
 */
function answerHere({ registry }: ServiceBroker): void {
	for (const name of Object.keys(ACTIONS)) {
		const endpoints = registry.getActionEndpoints(name) as unknown as Endpoints | undefined;
		const own = endpoints?.localEndpoints[0];
		if (endpoints === undefined || own === undefined) continue;
		own.action.remoteHandler = own.action.handler;
		endpoints.getFirst = () => endpoints.localEndpoints[0] ?? endpoints.endpoints[0] ?? null;
	}
}
