import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import type { BrokerOptions } from "moleculer";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { TestNode } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { PAYLOADS } from "../support/payloads.ts";
import { freePorts } from "../support/processes/ports.ts";
import { spawnNode } from "../support/processes/process.ts";
import { SERIALIZERS } from "../support/serializers.ts";
import { skip } from "../support/skip.ts";

const GATEWAY = fileURLToPath(new URL("../support/fixtures/payload-node.ts", import.meta.url));
const NAMES = ["one", "two"] as const;

describe("gateways in processes of their own, over TCP", () => {
	it.each(SERIALIZERS)("write what JSON makes of a payload: $name", async serializer => {
		const { name, missing, make } = serializer;
		if (missing !== undefined) skip(`${missing} is not installed`);
		const nodes = [...NAMES, "sender"];
		const ports = await freePorts(nodes.length);
		const peers = nodes.map((node, index) => `tcp://127.0.0.1:${ports[index]}/${node}`);
		const streams = await Promise.all(
			NAMES.map(async NODE_ID => {
				const env = { NODE_ID, PEERS: peers.join(","), SERIALIZER: name };
				const process = spawnNode(GATEWAY, [], { env });
				onTestFinished(() => process.stop());
				const [, port] = await process.waitFor(/listening on (\d+)/);
				return openStream(`http://127.0.0.1:${port}/sse/event-stream?eventName=news`);
			})
		);
		const sender = new TestNode({
			broker: {
				nodeID: "sender",
				transporter: { type: "TCP", options: { udpDiscovery: false, urls: peers.join(",") } },
				serializer: make()
			} as BrokerOptions
		});
		await sender.broker.start();
		await eventually(
			() => expect(sender.broker.registry.events.getAllEndpoints("sse.send")).toHaveLength(2),
			{ timeout: 20_000 }
		);
		for (const { make } of PAYLOADS) {
			await sender.send({ eventName: "news", sessionId: "A", payload: make() });
		}
		await Promise.all(streams.map(stream => stream.next("news", PAYLOADS.length)));

		for (const { events } of streams) {
			expect(events.filter(({ event }) => event === "news").map(({ data }) => data)).toEqual(
				PAYLOADS.map(({ make }) => JSON.stringify(make()))
			);
		}
	});
});
