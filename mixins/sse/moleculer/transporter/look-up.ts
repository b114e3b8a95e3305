import type { ServiceBroker } from "moleculer";
import { reasonOf } from "../../core/errors/guard.ts";

/**
 * Makes Moleculer ask a node who it is, and which services it has. A node tells that only once: the packet may be lost, or be
 * overtaken by the last one of an earlier process with its name; and heartbeats do not say which process sends them. Never
 * throws.
 */
export function lookUp({ registry, logger }: ServiceBroker, nodeID: string): void {
	const ask = async (): Promise<unknown> => registry.discoverer.discoverNode(nodeID);
	ask().catch(thrown =>
		logger.debug(`SSE: the node '${nodeID}' was not asked who it is: ${reasonOf(thrown)}`)
	);
}
