import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { installedBus } from "../../mixins/sse/bus/broker-bus.ts";
import type { Readable, Subscriber } from "../../mixins/sse/bus/bus.ts";
import { DuplicateFilter } from "../../mixins/sse/bus/rabbitmq/receiver/duplicate-filter.ts";
import { busState } from "../../mixins/sse/index.ts";
import { eventually } from "../support/eventually.ts";
import type { TestNode } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";
import { runningTime } from "../support/running-time.ts";

const event = (payload: unknown, sessionId: string | string[] = "A") => ({
	eventName: NEWS,
	sessionId,
	payload
});

/** A node's bus, which gateways read by themselves. */
function readableBus({ broker }: TestNode): Readable {
	return installedBus(broker) as unknown as Readable;
}

/** Fails for the payload "faulty", for revocations, and when it is told of the loss; with what it was given. */
function faultySubscriber() {
	const receive: unknown[] = [];
	const told: string[] = [];
	const subscriber: Subscriber = {
		receive(_, { json }) {
			const payload: unknown = JSON.parse(new TextDecoder().decode(json));
			receive.push(payload);
			if (payload === "faulty") throw new Error("a fault of the gateway");
		},
		begin: () => told.push("begin"),
		note: () => {},
		revoked() {
			told.push("revoked");
			throw new Error("a third");
		},
		lost() {
			told.push("lost");
			throw new Error("another");
		},
		missed: () => told.push("missed"),
		unreadable: () => {}
	};
	return { receive, told, subscriber };
}

describe("sending on a RabbitMQ stream", () => {
	it("ends when RabbitMQ has the event", async () => {
		const stream = await TestStream.open();
		const sender = await stream.sender("sender");
		await sender.send(event({ n: 1 }, ["A", "B"]));

		expect(await stream.messages()).toMatchObject([{ content: event({ n: 1 }, ["A", "B"]) }]);
		expect(busState(sender.broker)).toMatchObject({
			kind: "stream",
			connected: true,
			working: true,
			outbox: { events: 0, bytes: 0 }
		});
	});

	it("puts the events of one turn of the event loop into one message, and delays no lone one", async () => {
		const stream = await TestStream.open();
		const sender = await stream.sender("sender");
		await Promise.all([1, 2, 3].map(n => sender.send(event(n))));
		await sender.send(event(4));

		const messages = await stream.messages();
		expect(messages.map(({ content }) => content)).toEqual([
			[1, 2, 3].map(n => event(n)),
			event(4)
		]);
	});

	it("refuses an invalid event, of which nothing gets onto the RabbitMQ stream", async () => {
		const stream = await TestStream.open();
		const sender = await stream.sender("sender");
		await expect(sender.send({ eventName: NEWS, payload: 1 })).rejects.toMatchObject({
			type: "SSE_INVALID_EVENT",
			data: { field: "sessionId" }
		});
		await expect(sender.send({ ...event(1), id: "1-1" })).rejects.toMatchObject({
			data: { field: "id" }
		});
		await sender.send(event("good"));
		expect(await stream.messages()).toMatchObject([{ content: event("good") }]);
	});
});

describe("gateways that read one RabbitMQ stream", () => {
	it("give every event one id and one order, whoever sends", async () => {
		const stream = await TestStream.open();
		const gateways = await Promise.all(["gateway-1", "gateway-2"].map(id => stream.gateway(id)));
		const senders = await Promise.all(["sender-1", "sender-2"].map(id => stream.sender(id)));
		const clients = await Promise.all(gateways.map(gateway => openNews(gateway)));
		const count = 100;
		const sending: Promise<unknown>[] = [];
		for (let n = 0; n < count; n++) {
			const sender = senders[n % 2];
			sending.push(sender?.send(event(n, n % 3 === 0 ? "*" : "A")) as Promise<unknown>);
			if (n % 7 === 0) await sleep(1);
		}
		await Promise.all(sending);

		for (const client of clients) await client.next(NEWS, count);
		const [one, other] = clients.map(client =>
			client.events.filter(received => received.event === NEWS)
		);
		expect(one).toEqual(other);
		expect(new Set(one?.map(({ id }) => id)).size).toBe(count);
	});

	it("deliver to a session its own events only", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1");
		const [a, b] = [await openNews(gateway), await openNews(gateway, { session: "B" })];
		for (const [payload, to] of [
			["for A", "A"],
			["for both", ["A", "B"]],
			["for nobody", "C"],
			["for all", "*"]
		] as const) {
			await gateway.send(event(payload, to as string));
		}
		await a.next(NEWS, 3);
		await b.next(NEWS, 2);
		expect(a.received(NEWS)).toEqual(["for A", "for both", "for all"]);
		expect(b.received(NEWS)).toEqual(["for both", "for all"]);
	});

	it("report how far they are, and how late", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1");
		const client = await openNews(gateway);
		await gateway.send(event(1));
		const { id } = await client.next(NEWS);

		const state = busState(gateway.broker);
		expect(state).toMatchObject({ kind: "stream", connected: true, working: true, position: id });
		expect(state?.lag).toBeLessThan(5000);
	});

	it("send without ids if no history is kept", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1", { sse: { history: null } });
		const client = await openNews(gateway);
		await gateway.send(event(1));
		expect(await client.next(NEWS)).toEqual({ id: undefined, event: NEWS, data: "1" });
	});

	it("also accept Moleculer events of nodes without the RabbitMQ stream, without ids, and repeat them to nobody", async () => {
		const stream = await TestStream.open();
		const transport = stream.transport;
		const gateway = await stream.gateway("gateway-1", { broker: transport });
		const plain = new ServiceBroker({ ...transport, nodeID: "plain", logger: false });
		onTestFinished(() => plain.stop());
		await plain.start();
		await plain.waitForServices("api");
		const client = await openNews(gateway);
		await plain.broadcast("sse.send", event("from afar"));
		expect(await client.next(NEWS)).toMatchObject({ id: undefined, data: '"from afar"' });
		await gateway.send(event("on the stream"));
		const { id } = await client.next(NEWS, 2);

		const later = await openNews(gateway, { lastEventId: id });
		expect(later.received("sse.open")).toMatchObject([{ resumed: true }]);
		await gateway.send(event("last"));
		await later.next(NEWS);
		expect(later.received(NEWS)).toEqual(["last"]);
	});
});

describe("a gateway that fails for an event", () => {
	// amqplib ended the connection of a consumer that threw; on the next one the same message arrived again, and again.
	it("is told that it was lost, and reads on, over the same connection", async () => {
		const stream = await TestStream.open();
		const node = await stream.sender("reader");
		const { receive, told, subscriber } = faultySubscriber();
		const subscription = readableBus(node).subscribe(subscriber, 0);
		onTestFinished(() => subscription.end());
		await subscription.filled;
		told.length = 0;
		for (const n of [1, "faulty"]) await node.send(event(n));
		await node.broker.broadcast("sse.close", { sessionId: "A" });
		await node.send(event(2));

		await eventually(() => expect(receive).toEqual([1, "faulty", 2]));
		expect(told).toEqual(["lost", "revoked"]);
		const logged = node.log.at("error").filter(text => text.includes("a fault of the gateway"));
		expect(logged).toHaveLength(1);
		expect(node.log.at("warn")).toEqual([]);
		expect(subscription.working).toBe(true);
	});

	// A message for which the reader itself failed was logged, and silently missed.
	it("is told that one was lost that cannot be read, and reads on", async () => {
		const stream = await TestStream.open();
		const node = await stream.sender("reader");
		for (const n of [1, "unreadable"]) await node.send(event(n));
		const seen = jest.spyOn(DuplicateFilter.prototype, "seen");
		onTestFinished(() => seen.mockRestore());
		seen.mockImplementation((_, seq) => {
			if (seq === 2) throw new Error("a fault of the reader");
			return false;
		});
		const { receive, told, subscriber } = faultySubscriber();
		const subscription = readableBus(node).subscribe(subscriber, 60_000);
		onTestFinished(() => subscription.end());
		await subscription.filled;
		await node.send(event(2));

		await eventually(() => expect(receive).toEqual([1, 2]));
		expect(told).toEqual(["lost", "missed"]);
		expect(node.log.at("error").join()).toContain("a fault of the reader");
		expect(subscription.working).toBe(true);
	});
});

describe("a returning client on a RabbitMQ stream", () => {
	it("continues at a gateway that was started meanwhile, exactly where it was", async () => {
		const stream = await TestStream.open();
		const sender = await stream.sender("sender");
		const first = await stream.gateway("gateway-1");
		const client = await openNews(first);
		await sender.send(event(1));
		const { id } = await client.next(NEWS);
		await first.broker.stop();
		await Promise.all([2, 3].map(n => sender.send(event(n))));

		const second = await stream.gateway("gateway-2");
		const again = await openNews(second, { lastEventId: id });
		await again.next(NEWS, 2);
		await sender.send(event(4));
		await again.next(NEWS, 3);
		expect(again.received("sse.open")).toMatchObject([{ resumed: true }]);
		expect(again.received(NEWS)).toEqual([2, 3, 4]);
		expect(again.received("sse.reset")).toEqual([]);
	});

	it("continues even if nothing arrived for longer than a starting gateway looks back", async () => {
		const stream = await TestStream.open();
		const sender = await stream.sender("sender");
		const sse = { history: { maxAge: 1000 } };
		const first = await stream.gateway("gateway-1", { sse });
		const client = await openNews(first);
		await sender.send(event(1));
		const { id } = await client.next(NEWS);
		await first.broker.stop();
		// RabbitMQ looks back by whole seconds
		await sleep(2500);

		const second = await stream.gateway("gateway-2", { sse });
		const again = await openNews(second, { lastEventId: id });
		expect(again.received("sse.open")).toMatchObject([{ resumed: true }]);
		expect(again.received("sse.reset")).toEqual([]);
	});

	it("continues at a gateway that is started again in its process, and keeps less than it reads", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1", { sse: { history: { maxBytes: 65_536 } } });
		const client = await openNews(gateway);
		// what it had dropped came again after the rest
		const numbers = Array.from({ length: 60 }, (_, n) => n);
		const pad = "x".repeat(2000);
		for (const n of numbers) await gateway.send(event({ n, pad }));
		await client.next(NEWS, numbers.length);
		const id = client.events.filter(({ event }) => event === NEWS).at(-6)?.id;
		await gateway.broker.stop();
		await gateway.broker.start();

		const again = await openNews(gateway, { lastEventId: id });
		expect(again.received("sse.open")).toMatchObject([{ resumed: true }]);
		await gateway.send(event({ n: 60 }));
		await again.next(NEWS, 6);
		expect(again.received(NEWS).map(payload => (payload as { n: number }).n)).toEqual([
			55, 56, 57, 58, 59, 60
		]);
	});

	// The age of what a starting gateway reads went by the clock of its sender: if that was far behind, all of it was too old to
	// be kept, and so was a revocation among it.
	it("continues at a gateway that was started meanwhile, though the sender's clock is far behind", async () => {
		const stream = await TestStream.open();
		const { broker } = await stream.sender("sender");
		// it has created the RabbitMQ stream, and written nothing on it
		await eventually(() => expect(busState(broker)?.working).toBe(true));
		const headers = { timestamp_in_ms: Date.now() - 2 * 3_600_000 };
		for (const n of [1, 2, 3]) stream.publish({ ...event(n), sessionId: "*" }, headers);
		stream.publish([], { ...headers, "sse-close": JSON.stringify({ sessionId: "B" }) });

		await eventually(async () => expect(await stream.messages()).toHaveLength(3));

		const lastEventId = `0-${headers.timestamp_in_ms}`;
		const sse = { history: { maxAge: 60_000 } };
		const gateway = await stream.gateway("gateway-1", { sse });
		const again = await openNews(gateway, { lastEventId });
		await again.next(NEWS, 2);
		expect(again.received(NEWS)).toEqual([2, 3]);
		expect(again.received("sse.reset")).toEqual([]);
		const revoked = await openNews(gateway, { session: "B", lastEventId });
		await revoked.next("sse.reset");
		expect(revoked.received("sse.reset")).toEqual([{ reason: "revoked" }]);
		expect(revoked.received(NEWS)).toEqual([]);
	});

	it("is reset if it was away for longer than the history goes back", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1", { sse: { history: { maxAge: 1000 } } });
		const client = await openNews(gateway);
		await gateway.send(event(1));
		const { id } = await client.next(NEWS);
		for (const n of [2, 3]) await gateway.send(event(n));
		await sleep(1200);
		await gateway.send(event(4));

		const again = await openNews(gateway, { lastEventId: id });
		expect(JSON.parse((await again.next("sse.reset")).data)).toEqual({ reason: "expired" });
		expect(again.received("sse.open")).toMatchObject([{ resumed: false }]);
	});
});

describe("a revocation with events on a RabbitMQ stream", () => {
	it("closes streams on every gateway, by a Moleculer event", async () => {
		const stream = await TestStream.open();
		const broker = stream.transport;
		const gateways = await Promise.all(
			["gateway-1", "gateway-2"].map(id => stream.gateway(id, { broker }))
		);
		const sender = await stream.sender("sender", { broker });
		const clients = await Promise.all(gateways.map(gateway => openNews(gateway)));
		const other = await openNews(gateways[0] as (typeof gateways)[0], { session: "B" });
		await eventually(() => {
			const endpoints = sender.broker.registry.events.getAllEndpoints("sse.close");
			expect(endpoints).toHaveLength(2);
		});
		const took = await runningTime(async () => {
			await sender.broker.broadcast("sse.close", { sessionId: "A", reason: "logout" });
			for (const client of clients) {
				expect(JSON.parse((await client.next("sse.close")).data)).toEqual({ reason: "logout" });
				expect(await client.end).toBe("ended");
			}
		});
		expect(took).toBeLessThan(1000);
		await sender.send(event("still here", "*"));
		await other.next(NEWS);
	});
});
