import type { ServiceBroker } from "moleculer";
import type { Bus } from "./bus.ts";

/** A registered symbol, so that a process that loads the package twice, as ESM and as CommonJS, has one key. */
const KEY = Symbol.for("moleculer-sse.bus");

/** Installs a bus on a broker, for the gateways there. */
export function installBus(broker: ServiceBroker, bus: Bus): void {
	Object.defineProperty(broker, KEY, { value: bus, configurable: true });
}

/** The broker's bus, or undefined if it runs without `SseMiddleware`. */
export function installedBus(broker: ServiceBroker): Bus | undefined {
	return (broker as { [KEY]?: Bus })[KEY];
}
