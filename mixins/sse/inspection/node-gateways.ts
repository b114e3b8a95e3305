import type { ServiceBroker } from "moleculer";
import type { Gateway } from "../gateway/gateway.ts";

/** A registered symbol, so that a process that loads the package twice, as ESM and as CommonJS, has one key. */
const KEY = Symbol.for("moleculer-sse.gateways");

type Gateways = Map<Gateway, string>;

/**
 * Makes a gateway known to the inspection of its node; calling this again is harmless.
 *
 * @param service The full name of its service.
 */
export function addGateway(broker: ServiceBroker, gateway: Gateway, service: string): void {
	const holder = broker as { [KEY]?: Gateways };
	if (holder[KEY] === undefined) Object.defineProperty(broker, KEY, { value: new Map() });
	holder[KEY]?.set(gateway, service);
}

/** Forgets a gateway that has stopped: it may never start again, and another may be created in its place. */
export function removeGateway(broker: ServiceBroker, gateway: Gateway): void {
	(broker as { [KEY]?: Gateways })[KEY]?.delete(gateway);
}

/** The gateways of a node, and the full names of their services. */
export function gatewaysOf(broker: ServiceBroker): ReadonlyMap<Gateway, string> {
	return (broker as { [KEY]?: Gateways })[KEY] ?? new Map();
}
