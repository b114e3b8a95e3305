import cluster from "node:cluster";
import type { ServiceBroker } from "moleculer";
import { installedBus } from "./broker-bus.ts";

/** Name of the middleware. */
const NAME = "SseMiddleware";

const told = new WeakSet<ServiceBroker>();

/**
 * Checks whether a broker is set up so that events cannot reach their recipients, and logs it: otherwise nobody would notice
 * before a browser misses them. Both halves call this when the broker is created; it logs only once.
 */
export function checkReach(broker: ServiceBroker): void {
	if (told.has(broker)) return;
	told.add(broker);
	const { logger, transit, options } = broker;
	const middlewares: unknown = options.middlewares;
	if (!Array.isArray(middlewares) && (middlewares as { name?: unknown } | null)?.name === NAME) {
		logger.error(
			"SSE: Moleculer ignores `middlewares`, because it is not an array: write middlewares: [SseMiddleware()]."
		);
	}
	if (transit) return;
	// Moleculer 0.14 delivers broadcasts to the node's own services all the same.
	if (options.disableBalancer && !broker.MOLECULER_VERSION.startsWith("0.14.")) {
		logger.error(
			"SSE: Moleculer delivers no event on this node, because `disableBalancer` leaves that to a transporter and " +
				"there is none. Give the broker a transporter, or leave `disableBalancer` out."
		);
	}
	if (cluster.isWorker && installedBus(broker)?.isSelfCarried !== true) {
		logger.warn(
			"SSE: this process is a worker of a cluster and has no transporter: what it sends reaches the streams of this " +
				"worker alone. Give the broker a transporter."
		);
	}
}
