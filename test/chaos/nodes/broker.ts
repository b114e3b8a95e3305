/**
 * A node of a scenario, configured by its environment. The command `break channel` on its stdin makes RabbitMQ close every
 * channel that the node has open.
 */
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import type { Channel } from "amqplib";
import { ServiceBroker } from "moleculer";
import { SseMiddleware } from "../../../mixins/sse/index.ts";

const { AMQP_URL = "", NAMESPACE = "", NODE_ID = "", STREAM = "", MAX_BYTES } = process.env;
const { METRICS_PORT } = process.env;

// amqplib does not export the class of its connections
const { ChannelModel } = createRequire(import.meta.url)("amqplib/lib/channel_model.js");
const channels = recordChannels(ChannelModel.prototype);

export const broker: ServiceBroker = new ServiceBroker({
	namespace: NAMESPACE,
	nodeID: NODE_ID,
	transporter: { type: "AMQP", options: { url: AMQP_URL } },
	logLevel: "warn",
	metrics: METRICS_PORT
		? {
				enabled: true,
				reporter: {
					type: "Prometheus",
					options: { host: "127.0.0.1", port: Number(METRICS_PORT) }
				}
			}
		: false,
	middlewares: [
		SseMiddleware({
			stream: STREAM
				? { url: AMQP_URL, name: STREAM, ...(MAX_BYTES && { maxBytes: Number(MAX_BYTES) }) }
				: null
		})
	]
});

process.once("SIGTERM", () => broker.stop().then(() => process.exit(0)));

/** Obeys lines on stdin; `commands` are the node's own. */
export async function obey(commands: Record<string, (...words: string[]) => void>): Promise<void> {
	for await (const line of createInterface(process.stdin)) {
		const [word = "", ...rest] = line.split(" ");
		if (line === "break channel") breakChannels();
		else commands[word]?.(...rest);
	}
}

/** An acknowledgement of what was never delivered is answered by closing the channel (406). */
function breakChannels(): void {
	for (const channel of channels) {
		try {
			channel.ack({ fields: { deliveryTag: 999_999 } } as never);
		} catch {
			// closed already
		}
	}
}

/** Remembers the channels that amqplib opens from now on, until they close. */
function recordChannels(prototype: Record<string, unknown>): Set<Channel> {
	const open = new Set<Channel>();
	for (const method of ["createChannel", "createConfirmChannel"]) {
		const original = prototype[method] as (...args: unknown[]) => Promise<Channel>;
		prototype[method] = async function (this: unknown, ...args: unknown[]) {
			const channel = await original.apply(this, args);
			open.add(channel);
			channel.once("close", () => open.delete(channel));
			return channel;
		};
	}
	return open;
}
