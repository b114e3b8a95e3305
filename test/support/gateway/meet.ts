import type { BrokerOptions, ServiceBroker } from "moleculer";
import type { Gateway } from "../../../mixins/sse/gateway/gateway.ts";
import { eventually } from "../eventually.ts";

const GATEWAY = Symbol.for("moleculer-sse.gateway");

/** Broker options of the nodes of one cluster, which meet within this process. */
export function memberOf(namespace: string, nodeID: string): BrokerOptions {
	return { namespace, nodeID, transporter: "Fake" };
}

/** Resolves when each node knows the services of all the others, and each gateway knows that the senders know it. */
export async function meet(...brokers: readonly ServiceBroker[]): Promise<void> {
	const all = brokers.flatMap(({ nodeID, services }) =>
		services.map(({ fullName }) => `${nodeID}:${fullName}`)
	);
	await eventually(() => {
		for (const broker of brokers) {
			// not by a call, which goes through the transporter if the balancer is off
			const services = broker.registry.getServiceList({});
			const known = new Set(services.map(({ nodeID, fullName }) => `${nodeID}:${fullName}`));
			const missing = all.filter(service => !known.has(service));
			if (missing.length > 0) throw new Error(`${broker.nodeID} does not know ${missing}`);
			for (const service of broker.services) {
				const gateway: Gateway | undefined = Reflect.get(service, GATEWAY);
				if (gateway?.receiver.isDegraded === true) {
					throw new Error(`${broker.nodeID} does not hear of all senders yet`);
				}
			}
		}
	});
}
