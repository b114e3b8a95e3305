import type { BrokerOptions } from "moleculer";
import { SseMiddleware, type SseMiddlewareOptions } from "../../../mixins/sse/index.ts";

/** A node of a cluster, described to its process by its argument, in JSON. */
export interface NodeOptions {
	readonly nodeID: string;
	readonly namespace: string;
	readonly amqpUrl: string;
	/** Name of the RabbitMQ stream that carries the events; null = Moleculer events. */
	readonly stream: string | null;
}

/** The broker options of the node that this process is. */
export function brokerOptions(): BrokerOptions {
	const [json = "{}"] = process.argv.slice(2);
	const { nodeID, namespace, amqpUrl, stream } = JSON.parse(json) as NodeOptions;
	const limits = { maxAge: 600_000, maxBytes: 268_435_456 };
	const options = stream === null ? {} : { stream: { url: amqpUrl, name: stream, ...limits } };
	return {
		nodeID,
		namespace,
		logLevel: "warn",
		transporter: { type: "AMQP", options: { url: amqpUrl } },
		middlewares: [SseMiddleware(options as SseMiddlewareOptions)]
	};
}
