import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";
import { openRabbitMq, type RabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";
import { skip } from "../support/skip.ts";

const event = (payload: unknown) => ({ eventName: NEWS, sessionId: "A", payload });

/** A RabbitMQ stream whose offsets other programs store on it. */
async function open(): Promise<{ rabbitmq: RabbitMq; stream: TestStream }> {
	const rabbitmq = await openRabbitMq(inject("programs").rabbitmq);
	if (!rabbitmq.controllable) skip("AMQP_URL names a RabbitMQ that this test cannot control");
	await rabbitmq.start();
	onTestFinished(() => rabbitmq.stop());
	return { rabbitmq, stream: await TestStream.open({ url: rabbitmq.url }) };
}

// Each stored offset takes an offset of the stream. Two of them between two messages were taken for a truncation: every stream
// of every gateway was told that it had missed something.
describe("a RabbitMQ stream on which consumers of its own protocol store their offsets", () => {
	it("has lost nothing, and brings everything in order", async () => {
		const { rabbitmq, stream } = await open();
		const gateway = await stream.gateway("gateway-1");
		const client = await openNews(gateway);
		await gateway.send(event(1));
		await rabbitmq.storeOffsets(stream.name, 2);
		// what comes while the gateway asks waits for the answer
		await Promise.all([2, 3].map(n => gateway.send(event(n))));
		for (const n of [4, 5, 6]) await gateway.send(event(n));
		await rabbitmq.storeOffsets(stream.name, 5);
		await gateway.send(event(7));
		await client.next(NEWS, 7);

		expect(client.received(NEWS)).toEqual([1, 2, 3, 4, 5, 6, 7]);
		expect(client.received("sse.reset")).toEqual([]);
		expect(gateway.log.at("warn")).toEqual([]);
		const [first] = client.events.filter(({ event }) => event === NEWS);
		const back = await openNews(gateway, { lastEventId: first?.id });
		await back.next(NEWS, 6);
		expect(back.received("sse.reset")).toEqual([]);
	});

	it("lets a client resume at a gateway that starts, whose history begins after them", async () => {
		const { rabbitmq, stream } = await open();
		const setup = { sse: { history: { maxAge: 1000 } } };
		const gateway = await stream.gateway("gateway-1", setup);
		const client = await openNews(gateway);
		await gateway.send(event(1));
		const { id } = await client.next(NEWS);
		await rabbitmq.storeOffsets(stream.name, 12);
		// so that the event is older than the history
		await sleep(3000);
		const later = await stream.gateway("gateway-2", setup);
		const back = await openNews(later, { lastEventId: id });
		await later.send(event(2));
		await back.next(NEWS);

		expect(back.received(NEWS)).toEqual([2]);
		expect(back.received("sse.reset")).toEqual([]);
	});
});

describe("a RabbitMQ stream that is truncated while a gateway reads it", () => {
	it("has lost messages, of which the gateway tells before what follows them", async () => {
		const stream = await TestStream.open();
		const detour = await stream.detour();
		const limits = { maxBytes: 65_536 };
		const sender = await stream.sender("sender", { stream: limits });
		const gateway = await stream.gateway("gateway-1", {
			stream: { ...limits, url: detour.url },
			// the client gets 14 MB at once
			sse: { buffer: { maxBytes: 2 ** 25 } }
		});
		const client = await openNews(gateway);
		await sender.send(event("first"));
		await client.next(NEWS);
		detour.freeze();
		// more than RabbitMQ sends before it has acknowledgements
		const payload = "x".repeat(20_000);
		for (let n = 0; n < 700; n++) await sender.send(event(payload));
		detour.thaw();

		await sender.send(event("last"));
		await client.until(() => client.received(NEWS).includes("last"), "the last event");
		expect(gateway.log.at("warn").join()).toContain("was truncated");
		expect(client.received(NEWS).length).toBeLessThan(702);
		// RabbitMQ may truncate it more than once meanwhile
		const resets = client.received("sse.reset");
		expect(resets).toEqual(resets.map(() => ({ reason: "gap" })));
		expect(resets.length).toBeGreaterThan(0);
	});
});
