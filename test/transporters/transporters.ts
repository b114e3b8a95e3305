import type { ServerKind } from "./servers/bring.ts";

export type TransporterName =
	| "none"
	| "fake"
	| "tcp"
	| "nats"
	| "redis"
	| "mqtt"
	| "amqp"
	| "amqp10";

/** How nodes are connected. */
export interface Transporter {
	readonly title: string;
	/** What is between them; default: they talk directly, or are alone. */
	readonly server?: ServerKind;
	/**
	 * Where nodes live and what can be done to their connections: each in a process of its own, behind a proxy (`server`) or
	 * not (`peers`); all in one process (`inside`); or one node for everything (`alone`).
	 */
	readonly shape: "server" | "peers" | "inside" | "alone";
	/** Events that it can take at once, and deliver within seconds; default 200. */
	readonly burst?: number;
	/** The broker's option. @param port the server's, or for peers the port by which they find each other */
	option(port: number): unknown;
}

const url = (scheme: string, port: number) => `${scheme}://127.0.0.1:${port}`;
const userUrl = (scheme: string, port: number) => `${scheme}://guest:guest@127.0.0.1:${port}`;

export const TRANSPORTER: Readonly<Record<TransporterName, Transporter>> = {
	none: { title: "none", shape: "alone", option: () => null },
	fake: { title: "Fake", shape: "inside", option: () => "Fake" },
	tcp: {
		title: "TCP",
		shape: "peers",
		option: port => ({
			type: "TCP",
			// on loopback, and found within a second instead of half a minute
			options: { udpPort: port, udpBindAddress: "127.0.0.1", udpPeriod: 1, gossipPeriod: 1 }
		})
	},
	nats: {
		title: "NATS",
		shape: "server",
		server: "nats",
		option: port => url("nats", port)
	},
	redis: {
		title: "Redis",
		shape: "server",
		server: "redis",
		option: port => url("redis", port)
	},
	mqtt: {
		title: "MQTT",
		shape: "server",
		server: "mosquitto",
		option: port => url("mqtt", port)
	},
	amqp: {
		title: "AMQP 0.9.1",
		shape: "server",
		server: "rabbitmq",
		option: port => userUrl("amqp", port)
	},
	amqp10: {
		title: "AMQP 1.0",
		shape: "server",
		server: "rabbitmq",
		// Moleculer takes one packet at a time from it
		burst: 40,
		// RabbitMQ's name of a topic; Moleculer's default is ActiveMQ's
		option: port => ({
			type: "AMQP10",
			options: { url: userUrl("amqp10", port), topicPrefix: "/topic/" }
		})
	}
};

export const TRANSPORTERS = Object.keys(TRANSPORTER) as readonly TransporterName[];
