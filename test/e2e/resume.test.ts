import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { Channel } from "amqplib";
import type { ServiceBroker } from "moleculer";
import { type Client, connect, type Received } from "../support/clients/client.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import {
	type Cluster,
	createCluster,
	type GatewayNode,
	knows
} from "../support/processes/cluster.ts";
import { inject } from "../support/provided.ts";
import { openRabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { skip } from "../support/skip.ts";

const NEWS = "news";
const at = (gateway: GatewayNode) => `http://127.0.0.1:${gateway.port}`;
const resets = (received: readonly Received[]) =>
	received.filter(({ event }) => event === "sse.reset").map(({ data }) => data);

/** Sends numbered events to sessions in turn, at a steady rate, until stopped. */
function sendSteadily(broker: ServiceBroker, sessions: readonly string[], everyMs: number) {
	const sent = new Map<string, string[]>(sessions.map(session => [session, []]));
	let n = 0;
	const timer = setInterval(() => {
		const sessionId = sessions[n % sessions.length] as string;
		const payload = `${broker.nodeID} ${n++}`;
		sent.get(sessionId)?.push(payload);
		broker.broadcast("sse.send", { eventName: NEWS, sessionId, payload });
	}, everyMs);
	return {
		stop: (): Map<string, string[]> => {
			clearInterval(timer);
			return sent;
		}
	};
}

/** What a client got over all its streams, from one sender, without duplicates, which may first have come without an id. */
function distinct(streams: readonly Client[], origin: string): unknown[] {
	const all = streams.flatMap(stream => stream.events.map(({ data }) => data));
	return [...new Set(all.filter(data => String(data).startsWith(`${origin} `)))];
}

describe("clients that are cut off and sent to the other gateway, again and again", () => {
	it("miss nothing, get each sender's events in order, and are never reset", async () => {
		const cluster = createCluster();
		const gateways = await Promise.all([
			cluster.gateway("gateway-1"),
			cluster.gateway("gateway-2")
		]);
		const brokers = [
			await cluster.sender("business-1", gateways),
			await cluster.sender("business-2", gateways)
		] as const;
		const sessions = ["A", "B", "C", "D", "E"];

		const move = async (session: string, streams: Client[], gateway: GatewayNode) => {
			const before = streams.at(-1);
			before?.close();
			await before?.ended;
			streams.push(await connect(at(gateway), session, [NEWS], before?.place));
		};
		const clients = new Map<string, Client[]>(sessions.map(session => [session, []]));
		// A place that both gateways know: before any event, each knows only its own start.
		const others = await Promise.all(
			gateways.map(gateway => connect(at(gateway), "others", [NEWS]))
		);
		const warmUp = { eventName: NEWS, sessionId: "others", payload: null };
		await brokers[0].broadcast("sse.send", warmUp);
		await eventually(() => {
			for (const { events } of others) expect(events).toHaveLength(1);
		});
		for (const other of others) other.close();
		for (const [session, streams] of clients) await move(session, streams, gateways[0]);
		const senders = brokers.map(broker => sendSteadily(broker, sessions, 4));
		for (let round = 1; round <= 20; round++) {
			for (const [session, streams] of clients) {
				await move(session, streams, gateways[round % 2] as GatewayNode);
				await sleep(10);
			}
		}
		const sent = senders.map(sender => sender.stop());

		for (const [index, { nodeID }] of brokers.entries()) {
			for (const [session, streams] of clients) {
				const due = sent[index]?.get(session) as string[];
				await eventually(() => expect(distinct(streams, nodeID)).toEqual(due));
				expect(due.length).toBeGreaterThan(50);
			}
		}
		const told = [...clients.values()].flatMap(streams => streams.flatMap(stream => stream.told));
		expect(resets(told)).toEqual([]);
		const resumed = told.filter(({ data }) => (data as { resumed?: boolean }).resumed);
		expect(resumed).toHaveLength(20 * sessions.length);
	});
});

describe("a gateway that starts while others have long been sending", () => {
	it("continues with each sender where it is, without reporting a gap that was none", async () => {
		const cluster = createCluster();
		const first = await cluster.gateway("gateway-1");
		const business = await cluster.sender("business", [first]);
		const send = (payload: number) =>
			business.broadcast("sse.send", { eventName: NEWS, sessionId: "A", payload });
		for (const n of [1, 2, 3]) await send(n);

		const second = await cluster.gateway("gateway-2");
		await knows(business, [second]);
		const client = await connect(at(second), "A", [NEWS]);
		await send(4);
		await eventually(() => expect(client.events.map(({ data }) => data)).toEqual([4]));
		expect(resets(client.told)).toEqual([]);
	});

	it("tells a client that comes from another gateway what it cannot know", async () => {
		const cluster = createCluster();
		const first = await cluster.gateway("gateway-1");
		const business = await cluster.sender("business", [first]);
		const client = await connect(at(first), "A", [NEWS]);
		await business.broadcast("sse.send", { eventName: NEWS, sessionId: "A", payload: 1 });
		await eventually(() => expect(client.events).toHaveLength(1));
		client.close();
		const second = await cluster.gateway("gateway-2");
		const back = await connect(at(second), "A", [NEWS], client.place);
		await eventually(() => expect(resets(back.told)).toHaveLength(1));
	});
});

describe("a gateway that is killed", () => {
	it("loses its clients nothing: the other one has it; started again, it says what it cannot know", async () => {
		const cluster = createCluster();
		const gateways = await Promise.all([
			cluster.gateway("gateway-1"),
			cluster.gateway("gateway-2")
		]);
		const [first, second] = gateways as [GatewayNode, GatewayNode];
		const business = await cluster.sender("business", gateways);
		const streams = [await connect(at(first), "A", [NEWS])];
		const steady = sendSteadily(business, ["A"], 5);
		await eventually(() => expect(streams[0]?.events.length).toBeGreaterThan(20));

		first.process.kill("SIGKILL");
		await streams[0]?.ended;
		await sleep(200);
		streams.push(await connect(at(second), "A", [NEWS], streams[0]?.place));
		await eventually(() => expect(streams[1]?.events.length).toBeGreaterThan(50));

		const restarted = await cluster.gateway("gateway-1");
		const back = await connect(at(restarted), "A", [NEWS], streams[0]?.place);
		await eventually(() => expect(resets(back.told).length).toBeGreaterThan(0));

		const due = steady.stop().get("A");
		await eventually(() => expect(distinct(streams, "business")).toEqual(due));
		expect(resets(streams.flatMap(stream => stream.told))).toEqual([]);
	});
});

/** Loses an event on the way from a sender to an open stream, and checks what the stream is told. */
async function lose(
	cluster: Cluster,
	lossy: (business: ServiceBroker, send: (payload: number) => Promise<unknown>) => Promise<void>
): Promise<void> {
	const gateway = await cluster.gateway("gateway-1");
	const business = await cluster.sender("business", [gateway]);
	const client = await connect(at(gateway), "A", [NEWS]);
	const send = (payload: number) =>
		business.broadcast("sse.send", { eventName: NEWS, sessionId: "A", payload });
	await send(1);
	await eventually(() => expect(client.events).toHaveLength(1));

	await lossy(business, send);
	await knows(business, [gateway]);
	await eventually(
		async () => {
			await send(3);
			expect(client.events.length).toBeGreaterThan(1);
		},
		{ timeout: 25_000, interval: 200 }
	);
	expect(client.events.map(({ data }) => data)).not.toContain(2);
	expect(resets(client.told)).toEqual([{ reason: "gap" }]);
}

describe("a sender whose channel RabbitMQ closes", () => {
	it("comes back by itself, and reports what it lost meanwhile", async () => {
		await lose(createCluster(), async (business, send) => {
			const { tx } = business.transit as unknown as { tx: { channel: Channel | null } };
			// RabbitMQ closes a channel that publishes to an exchange that does not exist.
			tx.channel?.publish("no-such-exchange", "", Buffer.alloc(0));
			await eventually(() => expect(tx.channel === null).toBe(true));
			await send(2);
			await eventually(() => expect(tx.channel === null).toBe(false), { timeout: 15_000 });
		});
	}, 60_000);
});

describe("RabbitMQ that is away for a while", () => {
	it("loses events, of which every stream is told", async () => {
		const rabbitmq = await openRabbitMq(inject("programs").rabbitmq);
		if (!rabbitmq.controllable) skip("AMQP_URL names a RabbitMQ that is not this test's to stop");
		await rabbitmq.start();
		onTestFinished(() => rabbitmq.stop());
		await lose(createCluster(rabbitmq.url), async (_business, send) => {
			await rabbitmq.stop({ keepData: true });
			await send(2);
			await rabbitmq.start();
		});
	}, 60_000);
});
