import { fileURLToPath } from "node:url";
import { expect } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { busState, SseMiddleware } from "../../../mixins/sse/index.ts";
import { connect } from "../clients/client.ts";
import { eventually } from "../eventually.ts";
import { onTestFinished } from "../on-test-finished.ts";
import { inject } from "../provided.ts";
import { type RunningProcess, spawnNode } from "./process.ts";

const GATEWAY = fileURLToPath(new URL("../fixtures/gateway-node.ts", import.meta.url));

export interface GatewayNode {
	readonly nodeID: string;
	readonly port: number;
	readonly process: RunningProcess;
}

/** Processes that share a RabbitMQ and, by their namespace, nothing with other tests. */
export interface Cluster {
	readonly namespace: string;
	/** Starts a gateway in a process of its own; it ends with the test. */
	gateway(nodeID: string): Promise<GatewayNode>;
	/** A node that is not a gateway, in the test's process; it knows the named gateways. */
	sender(
		nodeID: string,
		gateways: readonly GatewayNode[],
		options?: { middleware?: boolean }
	): Promise<ServiceBroker>;
}

export function createCluster(amqpUrl: string = inject("amqpUrl")): Cluster {
	const namespace = crypto.randomUUID();
	return {
		namespace,

		async gateway(nodeID) {
			const env = { AMQP_URL: amqpUrl, NAMESPACE: namespace, NODE_ID: nodeID };
			const process = spawnNode(GATEWAY, [], { env });
			onTestFinished(() => process.stop());
			const [, port] = await process.waitFor(/listening on (\d+)/);
			return { nodeID, port: Number(port), process };
		},

		async sender(nodeID, gateways, { middleware = true } = {}) {
			const broker = new ServiceBroker({
				namespace,
				nodeID,
				transporter: { type: "AMQP", options: { url: amqpUrl } },
				logger: false,
				middlewares: middleware ? [SseMiddleware()] : []
			});
			await broker.start();
			onTestFinished(() => broker.stop());
			await knows(broker, gateways);
			return broker;
		}
	};
}

/**
 * Waits until events of a node reach these gateways, and have ids: until it has heard of their subscriptions, and they know
 * that, and know it and each other.
 */
export async function knows(
	broker: ServiceBroker,
	gateways: readonly GatewayNode[]
): Promise<void> {
	await eventually(
		() => {
			const endpoints = broker.registry.events.getAllEndpoints("sse.send");
			const known = new Set(endpoints.map((endpoint: { id: string }) => endpoint.id));
			const missing = gateways.filter(gateway => !known.has(gateway.nodeID));
			if (missing.length > 0) {
				throw new Error(`unknown so far: ${missing.map(gateway => gateway.nodeID).join(", ")}`);
			}
		},
		{ timeout: 20_000, interval: 50 }
	);
	const members = [broker.nodeID, ...gateways.map(({ nodeID }) => nodeID)];
	for (const { nodeID, port } of busState(broker) === undefined ? [] : gateways) {
		// a sender that a gateway meets later makes it give no ids for a moment
		await eventually(
			async () => {
				const known = await broker.call(`registry-${nodeID}.nodes`);
				expect(known).toEqual(expect.arrayContaining(members));
			},
			{ timeout: 20_000, interval: 50 }
		);
		const probe = await connect(`http://127.0.0.1:${port}`, "probe", ["probe"]);
		await eventually(
			async () => {
				await broker.broadcast("sse.send", { eventName: "probe", sessionId: "probe", payload: 0 });
				expect(probe.events.at(-1)?.id).toBeDefined();
			},
			{ timeout: 20_000, interval: 50 }
		);
		probe.close();
	}
}
