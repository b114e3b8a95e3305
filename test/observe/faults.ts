import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "../chaos/clients.ts";
import { type Fault, urlOf } from "../chaos/faults/fault.ts";
import type { Stage } from "../chaos/stage.ts";
import type { StageGateway, StageNode } from "../chaos/stage-node.ts";

/** What the faults need of the gateways. */
export const GATEWAY_OPTIONS = {
	limits: { streamsPerSession: 3, eventBytes: 200_000 },
	buffer: { maxBytes: 100_000, stallTimeout: 3000 }
};

/** Bytes of an event that gateways do not take, and of one that its sender may not send. */
const TOO_LARGE_FOR_GATEWAY = 300_000;
const TOO_LARGE_FOR_SENDER = 17_000_000;

const BOTH = { stream: "told", default: "told" } as const;

const firstGateway = ({ gateways }: Stage) => gateways[0] as StageGateway;
const firstSender = ({ senders }: Stage) => senders[0] as StageNode;

/** Makes clients come back while a gateway has trouble with `authorize`. */
async function authorizeBadly(
	stage: Stage,
	clients: readonly Client[],
	how: "slow" | "away"
): Promise<void> {
	for (const { process } of stage.gateways) process.write(`authorize ${how}\n`);
	await sleep(500);
	for (const client of clients) client.cut();
	await sleep(6000);
	for (const { process } of stage.gateways) process.write("authorize well\n");
}

export const authorizeAway: Fault = {
	name: "what `authorize` asks away",
	promised: BOTH,
	happen: (stage, clients) => authorizeBadly(stage, clients, "away")
};

export const authorizeSlow: Fault = {
	name: "what `authorize` asks slow",
	promised: BOTH,
	happen: (stage, clients) => authorizeBadly(stage, clients, "slow")
};

export const wrongRequests: Fault = {
	name: "requests without an event name",
	promised: BOTH,
	async happen(stage) {
		for (let count = 0; count < 30; count++) {
			await fetch(`${urlOf(firstGateway(stage))}/sse/event-stream`).then(res => res.text());
			await sleep(100);
		}
	}
};

export const tooManyStreams: Fault = {
	name: "a page that opens too many streams",
	promised: BOTH,
	async happen(stage) {
		const url = urlOf(firstGateway(stage));
		const others = Array.from({ length: 9 }, () => new Client(url, "greedy", stage.eventName));
		await sleep(4000);
		for (const client of others) client.close();
	}
};

export const reader: Fault = {
	name: "a client that reads nothing",
	promised: BOTH,
	// several MB fit the buffers of both operating systems
	sending: { rate: 100, sessions: 1, padding: 60_000 },
	async happen(stage) {
		const { port } = firstGateway(stage);
		const socket = connect(port, "127.0.0.1").on("error", () => {});
		socket.pause();
		const path = `/sse/event-stream?eventName=${stage.eventName}`;
		socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: sid=s0\r\n\r\n`);
		await sleep(10_000);
		socket.destroy();
	}
};

export const tooLargeForGateways: Fault = {
	name: "an event larger than the gateways take",
	promised: BOTH,
	async happen(stage) {
		firstSender(stage).process.write(`once ${TOO_LARGE_FOR_GATEWAY}\n`);
	}
};

export const tooLargeForSender: Fault = {
	name: "an event larger than its sender may send",
	promised: BOTH,
	async happen(stage) {
		firstSender(stage).process.write(`once ${TOO_LARGE_FOR_SENDER}\n`);
	}
};

export const lostOnTheWay: Fault = {
	name: "a gateway's connection to RabbitMQ lost with events and a revocation on their way",
	promised: BOTH,
	async happen(stage) {
		const { proxy } = firstGateway(stage);
		const revoke = () => firstSender(stage).process.write("revoke nobody\n");
		revoke();
		await sleep(1000);
		// RabbitMQ keeps what is sent to a node that is cut off, but not what it has handed to the connection
		proxy.freeze();
		await sleep(500);
		revoke();
		await sleep(1000);
		proxy.down();
		proxy.thaw();
		proxy.up();
	}
};

export const lateMessages: Fault = {
	name: "a gateway's connection to RabbitMQ frozen, and silence since",
	promised: BOTH,
	async happen(stage) {
		firstGateway(stage).proxy.freeze();
		await sleep(3000);
	},
	async endInSilence(stage) {
		// the last message is late by this
		await sleep(3000);
		firstGateway(stage).proxy.thaw();
	}
};
