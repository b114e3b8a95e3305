import { describe, expect, it } from "@jest/globals";
import type { BrokerOptions } from "moleculer";
import type { MakeBus } from "../../mixins/sse/bus/sender-middleware.ts";
import { busState } from "../../mixins/sse/index.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, type TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet } from "../support/gateway/meet.ts";
import { MemoryBus, SharedMemory } from "../support/gateway/memory-bus.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";
import { Zipkin } from "../support/zipkin.ts";

interface Cluster {
	readonly gateways: readonly TestGateway[];
	readonly senders: readonly TestNode[];
}

/** Nodes that share two cores with all other tests meet when they can. */
const PATIENCE = { timeout: 30_000 };

/** Names of the gateways' services, by their nodes. */
const NAMES = { "gateway-1": "api", "gateway-2": "staff" } as const;
const GATEWAYS = Object.entries(NAMES);

/** Two gateways and two senders that have met, on each bus. */
const BUSES: readonly { bus: string; start: (broker?: BrokerOptions) => Promise<Cluster> }[] = [
	{
		bus: "a RabbitMQ stream",
		async start(broker = {}) {
			const stream = await TestStream.open();
			const setup = { broker };
			return {
				gateways: await Promise.all(
					GATEWAYS.map(([id, name]) => stream.gateway(id, { ...setup, name }))
				),
				senders: await Promise.all(["sender-1", "sender-2"].map(id => stream.sender(id, setup)))
			};
		}
	},
	{
		bus: "a third one, in memory",
		async start(options = {}) {
			const memory = new SharedMemory();
			const makeBus: MakeBus = broker => new MemoryBus(memory, broker);
			const setup = (nodeID: string) => ({ makeBus, broker: { ...options, nodeID } });
			const gateways = await Promise.all(
				GATEWAYS.map(([id, name]) => startGateway({ ...setup(id), name }))
			);
			const senders = ["sender-1", "sender-2"].map(id => new TestNode(setup(id)));
			await Promise.all(senders.map(sender => sender.broker.start()));
			return { gateways, senders };
		}
	},
	{
		bus: "Moleculer events over AMQP",
		async start(options = {}) {
			// only for its transport
			const { transport } = await TestStream.open();
			const broker = (nodeID: string) => ({ broker: { ...options, ...transport, nodeID } });
			const gateways = await Promise.all(
				GATEWAYS.map(([id, name]) => startGateway({ ...broker(id), name }))
			);
			const senders = ["sender-1", "sender-2"].map(id => new TestNode(broker(id)));
			await Promise.all(senders.map(sender => sender.broker.start()));
			await eventually(() => {
				for (const { broker } of [...gateways, ...senders]) {
					expect(broker.registry.events.getAllEndpoints("sse.send")).toHaveLength(2);
				}
			}, PATIENCE);
			await meet(...[...gateways, ...senders].map(({ broker }) => broker));
			return { gateways, senders };
		}
	}
];

const event = (payload: unknown, sessionId: string | string[] = "A") => ({
	eventName: NEWS,
	sessionId,
	payload
});
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe.each(BUSES)("a bus, over $bus,", ({ start }) => {
	it("delivers every event to every gateway, under one id, in its sender's order, once", async () => {
		const { gateways, senders } = await start();
		const clients = await Promise.all(gateways.map(gateway => openNews(gateway)));
		const count = 60;
		await Promise.all(
			senders.map(async (sender, from) => {
				for (const n of upTo(count)) await sender.send(event([from, n], n % 2 ? "*" : ["A", "B"]));
			})
		);

		for (const client of clients) await client.next(NEWS, 2 * count);
		const received = clients.map(client => client.events.filter(({ event }) => event === NEWS));
		const [one, other] = received.map(events => new Map(events.map(({ id, data }) => [id, data])));
		expect(one?.size).toBe(2 * count);
		expect(new Map([...(one ?? [])].sort())).toEqual(new Map([...(other ?? [])].sort()));
		for (const client of clients) {
			for (const from of [0, 1]) {
				const numbers = (client.received(NEWS) as number[][])
					.filter(([sender]) => sender === from)
					.map(([, n]) => n);
				expect(numbers).toEqual(upTo(count));
			}
		}
	});

	it("brings a gateway's own events to it and to the others, with the span that each was sent in", async () => {
		const zipkin = await Zipkin.start();
		const { gateways } = await start({ tracing: zipkin.tracing() });
		const clients = await Promise.all(gateways.map(gateway => openNews(gateway)));
		await gateways[0]?.send(event("from a gateway"));
		await gateways[0]?.send(event("another"));
		for (const client of clients) {
			expect(await client.next(NEWS)).toMatchObject({ data: '"from a gateway"' });
			await client.next(NEWS, 2);
		}

		const sends = await zipkin.next("sse.send", 2);
		const deliveries = await zipkin.next("sse.deliver", 4);
		for (const { id, traceId } of sends) {
			const children = deliveries.filter(({ parentId }) => parentId === id);
			expect(children.map(({ tags }) => tags.nodeID).sort()).toEqual(["gateway-1", "gateway-2"]);
			expect(children.map(child => child.traceId)).toEqual([traceId, traceId]);
		}
	});

	it("lets a client continue at the other gateway: nothing lost, nothing of another session, in order", async () => {
		const { gateways, senders } = await start();
		const [first, second] = gateways as [TestGateway, TestGateway];
		const client = await openNews(first);
		const [sender] = senders as [TestNode];
		for (const n of [1, 2, 3]) await sender.send(event(n));
		const { id } = await client.next(NEWS, 3);
		client.close();
		for (const n of [4, 5]) await sender.send(event(n));
		await sender.send(event("B's", "B"));
		await sender.send(event(6, "*"));

		const again = await openNews(second, { lastEventId: id });
		await sender.send(event(7));
		await again.until(() => again.received(NEWS).includes(7), "the last event");
		expect(again.received("sse.open")).toMatchObject([{ resumed: true }]);
		expect(again.received(NEWS)).toEqual([4, 5, 6, 7]);
		expect(again.received("sse.reset")).toEqual([]);
	});

	it("refuses an invalid event where it is sent, and gives it no id", async () => {
		const { gateways, senders } = await start();
		const [gateway] = gateways as [TestGateway];
		const [sender] = senders as [TestNode];
		const client = await openNews(gateway);
		await sender.send(event(1));
		await expect(sender.send({ eventName: NEWS, payload: 2 })).rejects.toMatchObject({
			type: "SSE_INVALID_EVENT"
		});
		await sender.send(event(3));
		await client.next(NEWS, 2);
		expect(client.received(NEWS)).toEqual([1, 3]);
		expect(client.received("sse.reset")).toEqual([]);
	});

	it("delivers a revocation to every gateway, and ends the streams that it covers", async () => {
		const { gateways, senders } = await start();
		const [one, other] = gateways as [TestGateway, TestGateway];
		const revoked = await Promise.all([one, other].map(gateway => openNews(gateway)));
		const stays = await openNews(other, { session: "B" });
		await senders[0]?.broker.broadcast("sse.close", { sessionId: "A", reason: "logout" });

		for (const client of revoked) {
			expect(await client.next("sse.close")).toMatchObject({
				data: expect.stringContaining("logout")
			});
			await client.end;
		}
		await senders[0]?.send(event("for B", "B"));
		await stays.next(NEWS);
		expect(stays.received("sse.close")).toEqual([]);
	});

	it("brings what is for some groups to the gateways whose services they are, a revocation too", async () => {
		const { gateways, senders } = await start();
		const [api, staff] = gateways as [TestGateway, TestGateway];
		const [{ broker }] = senders as [TestNode];
		const groups = [NAMES["gateway-2"]];
		const [outside, inside] = [await openNews(api), await openNews(staff)];
		await broker.broadcast("sse.send", event(1, "*"), { groups, throwError: true });
		await broker.broadcast("sse.send", event(2, "*"), { throwError: true });
		await Promise.all([outside.next(NEWS), inside.next(NEWS, 2)]);
		expect(inside.received(NEWS)).toEqual([1, 2]);
		await broker.broadcast("sse.close", { sessionId: "A" }, { groups, throwError: true });
		await inside.end;
		await broker.broadcast("sse.send", event(3, "*"), { throwError: true });
		await outside.next(NEWS, 2);

		expect(outside.received(NEWS)).toEqual([2, 3]);
		expect(outside.received("sse.close")).toEqual([]);
	});

	it("reports that it is connected, and works", async () => {
		const { gateways, senders } = await start();
		for (const { broker } of [...gateways, ...senders]) {
			await eventually(() => {
				expect(busState(broker)).toMatchObject({ connected: true, working: true });
			});
		}
	});
});
