import { describe, expect, it } from "@jest/globals";
import { openStream } from "../support/clients/stream-client.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";
import { Zipkin } from "../support/zipkin.ts";

const event = (payload: unknown, eventName = NEWS) => ({ eventName, sessionId: "A", payload });

async function start() {
	const zipkin = await Zipkin.start();
	const broker = { tracing: zipkin.tracing() };
	const stream = await TestStream.open();
	return { zipkin, broker, stream };
}

describe("spans of events on a RabbitMQ stream", () => {
	it("are children of their own events' spans, however many are sent in one turn", async () => {
		const { zipkin, broker, stream } = await start();
		const names = Array.from({ length: 120 }, (_, n) => `news.${n}`);
		const sse = { limits: { eventNamesPerStream: names.length } };
		const gateway = await stream.gateway("gateway-1", { broker, sse });
		const sender = await stream.sender("sender", {
			broker,
			services: [
				{
					name: "news",
					actions: {
						tell: ctx => ctx.broadcast("sse.send", event(1, ctx.params.name), { throwError: true })
					}
				}
			]
		});
		const client = await openStream(gateway.url(...names), { session: "A" });
		await Promise.all(
			names.flatMap(name => [
				sender.broker.call("news.tell", { name }),
				// of no action, sent in between
				sender.send(event(2, name))
			])
		);
		await client.until(() => client.events.length > 2 * names.length);

		const deliveries = await zipkin.next("sse.deliver", 2 * names.length);
		const sends = new Map((await zipkin.next("sse.send", 2 * names.length)).map(s => [s.id, s]));
		expect(new Set(deliveries.map(({ parentId }) => parentId)).size).toBe(sends.size);
		for (const { traceId, parentId, tags } of deliveries) {
			const send = sends.get(parentId ?? "");
			expect([send?.traceId, send?.tags.eventName]).toEqual([traceId, tags.eventName]);
		}
		const actions = new Set((await zipkin.next("action 'news.tell'", names.length)).map(s => s.id));
		const inActions = [...sends.values()].filter(({ parentId }) => parentId !== null);
		expect(new Set(inActions.map(({ parentId }) => parentId))).toEqual(actions);
		// still together: one message for each event would be 240
		expect((await stream.messages()).length).toBeLessThan(names.length / 2);
	});

	it("exist only for live events, on each gateway that has a stream", async () => {
		const { zipkin, broker, stream } = await start();
		const gateway = await stream.gateway("gateway-1", { broker });
		const sender = await stream.sender("sender", { broker });
		const client = await openNews(gateway);
		await sender.send(event("past"));
		await client.next(NEWS);
		const late = await stream.gateway("gateway-2", { broker });
		const back = await openNews(late, { lastEventId: client.events[0]?.id });
		await back.next(NEWS);
		const elsewhere = await stream.gateway("gateway-3", { broker });
		await openNews(elsewhere, { session: "B" });
		await sender.send(event("live"));
		await back.next(NEWS, 2);

		await zipkin.next("sse.send", 2);
		const deliveries = await zipkin.next("sse.deliver", 3);
		const [past, live] = zipkin.named("sse.send");
		expect(deliveries.map(({ parentId, tags }) => [parentId, tags.nodeID]).sort()).toEqual(
			[
				[past?.id, "gateway-1"],
				[live?.id, "gateway-1"],
				[live?.id, "gateway-2"]
			].sort()
		);
	});

	it("are ignored if they are malformed, and the events arrive", async () => {
		const { zipkin, broker, stream } = await start();
		const gateway = await stream.gateway("gateway-1", { broker });
		const client = await openNews(gateway);
		const headers = ["[", 7, `[[0,"t","${"s".repeat(129)}"]]`, "x".repeat(50_000), '[[1,"t","s"]]'];
		for (const header of headers) stream.publish(event("malformed"), { "sse-trace": header });
		stream.publish([event("none"), event("own")], { "sse-trace": '[[1,"abc","def"]]' });
		await client.next(NEWS, headers.length + 2);

		const deliveries = await zipkin.next("sse.deliver");
		expect(deliveries).toHaveLength(1);
		expect(deliveries[0]).toMatchObject({ traceId: "abc", parentId: "def" });
		expect(gateway.log.at("warn")).toEqual([]);
	});

	it("leave nothing in messages if the sender does not trace, or does not sample", async () => {
		const { broker, stream } = await start();
		const gateway = await stream.gateway("gateway-1", { broker });
		const client = await openNews(gateway);
		const untraced = await stream.sender("untraced");
		const sampling = { rate: 0 };
		const tracing = { enabled: true, sampling };
		const unsampled = await stream.sender("unsampled", { broker: { tracing } });
		await untraced.send(event(1));
		await unsampled.send(event(2));
		await client.next(NEWS, 2);

		const messages = await stream.messages();
		expect(messages).toHaveLength(2);
		for (const { headers } of messages) expect(headers).not.toHaveProperty("sse-trace");
	});
});
