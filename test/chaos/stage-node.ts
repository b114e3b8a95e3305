import { fileURLToPath } from "node:url";
import { type RunningProcess, spawnNode } from "../support/processes/process.ts";
import type { TcpProxy } from "../support/processes/tcp-proxy.ts";

/** A process of a scenario, and its path to RabbitMQ. */
export interface StageNode {
	readonly nodeID: string;
	readonly proxy: TcpProxy;
	/** Port where Prometheus finds its metrics; undefined if the stage is not observed. */
	readonly metrics: number | undefined;
	process: RunningProcess;
}

/** A gateway, which keeps its port when it is started again. */
export interface StageGateway extends StageNode {
	readonly port: number;
}

export interface NodePlan {
	readonly kind: "gateway" | "sender";
	readonly nodeID: string;
	/** Of RabbitMQ, by the node's own path. */
	readonly url: string;
	readonly namespace: string;
	/** Undefined on the default bus. */
	readonly stream: string | undefined;
	/** Of the RabbitMQ stream; default the product's. */
	readonly maxBytes: number | undefined;
	/** Port for Prometheus; undefined without metrics. */
	readonly metrics: number | undefined;
	/** Options of a gateway that differ from the suite's. */
	readonly gatewayOptions: object | undefined;
	/** Of a gateway. */
	readonly port?: number;
}

const SCRIPTS = {
	gateway: fileURLToPath(new URL("./nodes/gateway.ts", import.meta.url)),
	sender: fileURLToPath(new URL("./nodes/sender.ts", import.meta.url))
};

/** Milliseconds within which a node must start, and RabbitMQ confirm what is under way. */
export const PATIENCE = 60_000;

/** Starts a node; resolves when it serves. */
export async function startNode(plan: NodePlan): Promise<RunningProcess> {
	const { kind, nodeID, url, namespace, stream = "", maxBytes = "", port = "" } = plan;
	const { metrics = "", gatewayOptions = {} } = plan;
	const process = spawnNode(SCRIPTS[kind], [], {
		env: {
			AMQP_URL: url,
			NAMESPACE: namespace,
			NODE_ID: nodeID,
			STREAM: stream,
			MAX_BYTES: String(maxBytes),
			PORT: String(port),
			METRICS_PORT: String(metrics),
			GATEWAY_OPTIONS: JSON.stringify(gatewayOptions)
		}
	});
	await process.waitFor(kind === "gateway" ? /listening/ : /ready/, PATIENCE);
	return process;
}
