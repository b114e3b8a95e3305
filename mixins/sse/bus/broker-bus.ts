import type { ServiceBroker } from "moleculer";
import type { Bus } from "./bus.ts";

/** Known by name, not by identity: a process may load the package twice, as ESM and as CommonJS. */
const KEY = Symbol.for("moleculer-sse.bus");

/** Puts a bus in its place on a broker, for the gateways there. */
export function installBus(broker: ServiceBroker, bus: Bus): void {
	Object.defineProperty(broker, KEY, { value: bus, configurable: true });
}

/** The broker's bus, or undefined if it runs without `SseMiddleware`. */
export function installedBus(broker: ServiceBroker): Bus | undefined {
	return (broker as { [KEY]?: Bus })[KEY];
}
