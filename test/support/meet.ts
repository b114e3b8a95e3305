import type { BrokerOptions, ServiceBroker } from "moleculer";
import { eventually } from "./eventually.ts";

/** Broker options of the nodes of one cluster, which meet within this process. */
export function memberOf(namespace: string, nodeID: string): BrokerOptions {
	return { namespace, nodeID, transporter: "Fake" };
}

/** Resolves when each node knows the services of all the others. */
export async function meet(...brokers: readonly ServiceBroker[]): Promise<void> {
	const everyone = brokers.map(({ nodeID }) => nodeID);
	await eventually(async () => {
		for (const broker of brokers) {
			const known = new Set<string>();
			const services = await broker.call<{ nodeID: string }[], { grouping: boolean }>(
				"$node.services",
				{ grouping: false }
			);
			for (const { nodeID } of services) known.add(nodeID);
			const strangers = everyone.filter(nodeID => !known.has(nodeID));
			if (strangers.length > 0) throw new Error(`${broker.nodeID} does not know ${strangers}`);
		}
	});
}
