import { describe, expect, it } from "@jest/globals";
import { busState } from "../../mixins/sse/index.ts";
import { eventually } from "../support/eventually.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";
import { runningTime } from "../support/running-time.ts";

const event = (payload: unknown, sessionId = "A") => ({ eventName: NEWS, sessionId, payload });
/** A connection is attempted once a second. */
const PATIENT = { timeout: 15_000 };
const QUICK = { timeout: 300 };
const UNAVAILABLE = { type: "SSE_BUS_UNAVAILABLE", code: 503, retryable: true };

/** A sender that has sent "before", and has since lost its connection to RabbitMQ. */
async function cutOffSender() {
	const stream = await TestStream.open();
	const detour = await stream.detour();
	const sender = await stream.sender("sender", { stream: { ...QUICK, url: detour.url } });
	// an event that is not confirmed as quickly as that is not sent: it is sent once
	await eventually(() => sender.send(event("before")), PATIENT);
	detour.down();
	await eventually(() => expect(busState(sender.broker)?.connected).toBe(false));
	return { stream, detour, sender };
}

describe("a sender that cannot reach RabbitMQ", () => {
	it("is told with `throwError`, within a time limit, and the event is not sent later", async () => {
		const { stream, detour, sender } = await cutOffSender();
		const refused = () =>
			expect(sender.send(event("lost"))).rejects.toMatchObject({
				...UNAVAILABLE,
				data: { unsure: false }
			});
		expect(await runningTime(refused)).toBeLessThan(2000);
		detour.up();
		await eventually(() => sender.send(event("after")), PATIENT);
		const payloads = (await stream.messages()).map(
			({ content }) => (content as { payload: unknown }).payload
		);
		expect(payloads).toEqual(["before", "after"]);
	});

	it("goes on without `throwError`: that is logged, and the events are sent later, in order, once each", async () => {
		const stream = await TestStream.open();
		const detour = await stream.detour();
		const gateway = await stream.gateway("gateway-1");
		const client = await openNews(gateway);
		const sender = await stream.sender("sender", { stream: { ...QUICK, url: detour.url } });
		detour.down();
		await eventually(() => expect(busState(sender.broker)?.connected).toBe(false));

		for (const n of [1, 2, 3]) await sender.broker.broadcast("sse.send", event(n));
		await eventually(() =>
			expect(sender.log.at("error").join()).toContain("The event cannot be sent now")
		);
		expect(busState(sender.broker)).toMatchObject({ working: false, outbox: { events: 3 } });
		detour.up();
		await eventually(() => expect(client.received(NEWS)).toEqual([1, 2, 3]), PATIENT);
		await eventually(() => expect(busState(sender.broker)?.outbox.events).toBe(0));
		expect(sender.log.at("info").join()).toContain("works again");
	});

	it("has no event wait beyond the outbox's limits: sending fails at once, reported in the same two ways", async () => {
		const stream = await TestStream.open();
		const detour = await stream.detour();
		detour.down();
		const sender = await stream.sender("sender", {
			stream: { url: detour.url, timeout: 60_000, outbox: { maxEvents: 2 } }
		});
		// they wait until the node stops
		const waiting = [1, 2].map(n => sender.send(event(n)).catch((error: Error) => error));
		await expect(sender.send(event(3))).rejects.toMatchObject(UNAVAILABLE);
		await sender.broker.broadcast("sse.send", event(4));
		await eventually(() => expect(sender.log.at("error").join()).toContain("the outbox is full"));
		expect(busState(sender.broker)?.outbox.events).toBe(2);
		detour.up();
		await eventually(() => expect(busState(sender.broker)?.outbox.events).toBe(0), PATIENT);
		expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
	});
});

describe("a node that stops while events wait for RabbitMQ", () => {
	it("waits for them as long as their senders would, and reports what was not sent", async () => {
		const { stream, sender } = await cutOffSender();
		await sender.broker.broadcast("sse.send", event("stays"));
		const asked = expect(sender.send(event("asked"))).rejects.toMatchObject(UNAVAILABLE);

		const took = await runningTime(() => Promise.all([sender.broker.stop(), asked]));
		expect(took).toBeLessThan(4000);
		// the awaited one is given up at about that moment, by its sender or by the stop
		expect(sender.log.at("error").join()).toMatch(/stops, and [12] events were not sent/);
		expect((await stream.messages()).map(({ content }) => content)).toEqual([event("before")]);
	});
});

describe("a message that may have arrived, and is sent again", () => {
	it("is recognised by its sender's number, and reaches no stream twice", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1");
		const client = await openNews(gateway);
		const number = (seq: number) => ({ "sse-origin": "elsewhere.abcdefgh", "sse-seq": seq });
		stream.publish(event("one"), number(1));
		stream.publish([event("two"), event("three")], number(2));
		stream.publish([event("two"), event("three")], number(2));
		stream.publish(event("one"), number(1));
		stream.publish(event("four"), number(3));

		await client.next(NEWS, 4);
		expect(client.received(NEWS)).toEqual(["one", "two", "three", "four"]);
	});
});

describe("a gateway that cannot reach RabbitMQ", () => {
	it("serves streams from its start on, reports itself as degraded, and recovers by itself", async () => {
		const stream = await TestStream.open();
		const detour = await stream.detour();
		const sender = await stream.sender("sender");
		await sender.send(event("before"));
		detour.down();
		const gateway = await stream.gateway("gateway-1", { stream: { url: detour.url } });
		const client = await openNews(gateway);
		expect(client.received("sse.open")).toMatchObject([{ degraded: true }]);
		await sender.send(event("meanwhile"));
		detour.up();

		// what it missed is reported: the stream began before that was sent
		await eventually(() => expect(client.received("sse.reset")).toHaveLength(1), PATIENT);
		await sender.send(event("after"));
		await eventually(() => expect(client.received(NEWS).at(-1)).toBe("after"), PATIENT);
		const later = await openNews(gateway);
		expect(later.received("sse.open")[0]).not.toHaveProperty("degraded");
	});

	it("continues where it was, once it is connected again", async () => {
		const stream = await TestStream.open();
		const detour = await stream.detour();
		const sender = await stream.sender("sender");
		const gateway = await stream.gateway("gateway-1", { stream: { url: detour.url } });
		const client = await openNews(gateway);
		await sender.send(event(1));
		await client.next(NEWS);
		detour.down();
		await eventually(() => expect(busState(gateway.broker)?.connected).toBe(false));
		for (const n of [2, 3]) await sender.send(event(n));
		const late = await openNews(gateway);
		expect(late.received("sse.open")).toMatchObject([{ degraded: true }]);
		detour.up();

		await eventually(() => expect(client.received(NEWS)).toEqual([1, 2, 3]), PATIENT);
		await sender.send(event(4));
		await client.next(NEWS, 4);
		expect(client.received(NEWS)).toEqual([1, 2, 3, 4]);
		expect(client.received("sse.reset")).toEqual([]);
	});
});

describe("a RabbitMQ stream that is deleted and created again", () => {
	it("is reported, is written to and read again, and is never taken for the old one", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1");
		const sender = await stream.sender("sender");
		const client = await openNews(gateway);
		// what it remembers of the old one must not stand in the way of the new one
		for (let n = 0; n < 50; n++) await sender.send(event(n));
		const { id } = await client.next(NEWS, 50);
		await stream.delete();

		await eventually(() => sender.send(event("anew")), PATIENT);
		// what arrived before the gateway was back is reported
		await eventually(
			() => expect(client.received("sse.reset")).toEqual([{ reason: "gap" }]),
			PATIENT
		);
		await sender.send(event("after"));
		await client.until(() => client.received(NEWS).includes("after"), "the event after it");
		const again = await openNews(gateway, { lastEventId: id });
		await again.next("sse.reset");
		expect(again.received("sse.open")).toMatchObject([{ resumed: false }]);
		expect(again.received(NEWS)).toEqual([]);

		// any gateway knows every event of the new one
		const newest = client.events.findLast(({ event }) => event === NEWS)?.id;
		await sender.send(event("last"));
		const further = await openNews(gateway, { lastEventId: newest });
		await further.next(NEWS);
		expect(further.received("sse.open")).toMatchObject([{ resumed: true }]);
		expect(further.received(NEWS)).toEqual(["last"]);
	});
	it("gets what was under way meanwhile in the order in which it was sent", async () => {
		const stream = await TestStream.open();
		const sender = await stream.sender("sender");
		await sender.send(event(0));
		await stream.delete();
		// too long to share a message: the first one that RabbitMQ returned arrived last
		const events = ["1", "2", "3", "4", "5"].map(digit => event(digit.repeat(200_000)));
		await Promise.all(events.map(long => sender.send(long)));

		const contents = (await stream.messages()).map(({ content }) => content);
		expect(contents).toHaveLength(5);
		expect(contents.map(content => JSON.stringify(content).at(-5))).toEqual([..."12345"]);
	});
});

describe("a gateway that was away while the RabbitMQ stream", () => {
	const away = async (limits: { maxBytes?: number } = {}) => {
		const stream = await TestStream.open();
		const detour = await stream.detour();
		const sender = await stream.sender("sender", { stream: limits });
		const gateway = await stream.gateway("gateway-1", { stream: { ...limits, url: detour.url } });
		const client = await openNews(gateway);
		for (const n of [1, 2]) await sender.send(event(n));
		const { id } = await client.next(NEWS);
		detour.down();
		await eventually(() => expect(busState(gateway.broker)?.connected).toBe(false));
		return { stream, detour, sender, gateway, client, id };
	};

	it("was truncated reports that, once, and goes on", async () => {
		const { detour, sender, client } = await away({ maxBytes: 65_536 });
		const payload = "x".repeat(20_000);
		for (let n = 0; n < 50; n++) await sender.send(event(payload));
		detour.up();

		await eventually(() => expect(client.received("sse.reset")).toHaveLength(1), PATIENT);
		await sender.send(event("last"));
		await client.until(() => client.received(NEWS).includes("last"), "the last event");
		expect(client.received("sse.reset")).toEqual([{ reason: "gap" }]);
	});

	it("was created again, and has become longer than it was, does not take it for the old one", async () => {
		const { stream, detour, sender, gateway, client, id } = await away();
		await stream.delete();
		await eventually(() => sender.send(event("anew")), PATIENT);
		for (let n = 0; n < 20; n++) await sender.send(event(n, "B"));
		detour.up();

		await eventually(() => expect(client.received("sse.reset")).toHaveLength(1), PATIENT);
		await sender.send(event("last"));
		await client.until(() => client.received(NEWS).includes("last"), "the last event");
		expect(client.received("sse.reset")).toEqual([{ reason: "gap" }]);
		const again = await openNews(gateway, { lastEventId: id });
		await again.next("sse.reset");
		expect(again.received(NEWS)).toEqual([]);
	});
});

describe("a name that is taken", () => {
	it("by a queue of another kind is reported, once, and nothing is sent to it", async () => {
		const stream = await TestStream.open();
		await stream.channel.assertQueue(stream.name, { durable: true });
		const gateway = await stream.gateway("gateway-1", { stream: QUICK });

		const client = await openNews(gateway);
		expect(client.received("sse.open")).toMatchObject([{ degraded: true }]);
		await expect(gateway.send(event(1))).rejects.toMatchObject(UNAVAILABLE);
		expect(await stream.channel.checkQueue(stream.name)).toMatchObject({ messageCount: 0 });
		const told = gateway.log.at("warn").filter(text => text.includes("is not a stream: delete it"));
		// by its reader, and by its publisher
		expect(told).toHaveLength(2);
	});

	it("by a RabbitMQ stream with other limits is used as it is, with a warning", async () => {
		const stream = await TestStream.open();
		await stream.channel.assertQueue(stream.name, {
			durable: true,
			arguments: { "x-queue-type": "stream", "x-max-age": "7s" }
		});
		const gateway = await stream.gateway("gateway-1");
		const client = await openNews(gateway);
		await gateway.send(event(1));
		await client.next(NEWS);
		expect(gateway.log.at("warn").join()).toContain(
			`the stream "${stream.name}" could not be declared, and is used as it is`
		);
	});
});

describe("credentials", () => {
	it("that are wrong are reported without being shown, and are in nothing that is published", async () => {
		const stream = await TestStream.open();
		const url = new URL(stream.url);
		url.username = "somebody";
		url.password = "s3cr3t-of-nobody";
		const gateway = await stream.gateway("gateway-1", { stream: { url: url.href } });

		await eventually(
			() => expect(gateway.log.at("warn").join()).toMatch(/ACCESS.REFUSED|refused/i),
			PATIENT
		);
		expect(busState(gateway.broker)).toMatchObject({ connected: false, working: false });
		const published = JSON.stringify([
			gateway.broker.registry.getLocalNodeInfo(true),
			gateway.broker.registry.getServiceList({ withActions: true, withEvents: true }),
			gateway.log.entries
		]);
		expect(published).not.toContain("s3cr3t-of-nobody");
	});
});
