import { describe, expect, it } from "@jest/globals";
import { SseError } from "../../mixins/sse/index.ts";
import type { StreamClient } from "../support/clients/stream-client.ts";
import type { TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";

const event = (payload: unknown) => ({ eventName: NEWS, sessionId: "*", payload });

/** A sender, and two gateways whose services are of different groups. */
async function start() {
	const stream = await TestStream.open();
	const sender = await stream.sender("sender");
	const admin = await stream.gateway("gateway-1", { name: "admin" });
	const shop = await stream.gateway("gateway-2", { name: "shop" });
	return { stream, sender, admin, shop };
}

/** Sends an event, and waits until RabbitMQ has it. */
function send({ broker }: TestNode, payload: unknown, groups: string | readonly string[] = []) {
	return broker.broadcast("sse.send", event(payload), {
		groups: [groups].flat(),
		throwError: true
	});
}

/** The ids of a stream's events. */
const ids = ({ events }: StreamClient) =>
	events.filter(({ event }) => event === NEWS).map(({ id }) => id);

// With Moleculer events, Moleculer keeps to the groups. With a RabbitMQ stream, what was for the gateway of the admins was
// delivered by every gateway.
describe("a broadcast to some groups, over a RabbitMQ stream", () => {
	it("reaches the gateways whose service is one of them, and the others neither then nor later", async () => {
		const { stream, sender, admin, shop } = await start();
		const [inside, outside] = await Promise.all([openNews(admin), openNews(shop)]);
		await Promise.all([
			send(sender, 1),
			send(sender, "for the admins", "admin"),
			send(sender, "for them too", ["admin", "other"]),
			send(sender, "for both", ["shop", "admin"]),
			send(sender, "for nobody here", "other"),
			send(sender, 2)
		]);
		await Promise.all([inside.next(NEWS, 5), outside.next(NEWS, 3)]);

		expect(outside.received(NEWS)).toEqual([1, "for both", 2]);
		const all = [1, "for the admins", "for them too", "for both", 2];
		expect(inside.received(NEWS)).toEqual(all);

		const later = await stream.gateway("gateway-3", { name: "shop" });
		for (const [gateway, expected] of [
			[shop, ["for both", 2]],
			[later, ["for both", 2]],
			[admin, all.slice(1)]
		] as [TestGateway, unknown[]][]) {
			const back = await openNews(gateway, { lastEventId: ids(inside)[0] });
			await back.next(NEWS, expected.length);
			expect(back.received(NEWS)).toEqual(expected);
			expect(back.received("sse.reset")).toEqual([]);
		}
	});

	it("is a position to the others: a client that had it continues there", async () => {
		const { sender, admin, shop, stream } = await start();
		const inside = await openNews(admin);
		await Promise.all([
			send(sender, 1, "admin"),
			send(sender, 2, "admin"),
			send(sender, 3, "admin")
		]);
		await send(sender, 4);
		await inside.next(NEWS, 4);
		const later = await stream.gateway("gateway-3", { name: "shop" });
		for (const gateway of [shop, later]) {
			for (const lastEventId of ids(inside).slice(0, 3)) {
				const back = await openNews(gateway, { lastEventId });
				await back.next(NEWS);
				expect(back.received(NEWS)).toEqual([4]);
				expect(back.received("sse.reset")).toEqual([]);
			}
		}
	});

	it("may name them in place of the options, as with Moleculer events", async () => {
		const { sender, admin, shop } = await start();
		const [inside, outside] = await Promise.all([openNews(admin), openNews(shop)]);
		await sender.broker.broadcast("sse.send", event(1), "admin" as never);
		await sender.broker.broadcast("sse.send", event(2), ["admin"] as never);
		await send(sender, 3);
		await Promise.all([inside.next(NEWS, 3), outside.next(NEWS)]);

		expect(inside.received(NEWS)).toEqual([1, 2, 3]);
		expect(outside.received(NEWS)).toEqual([3]);
	});

	it("goes by the group of the gateway's event, if that has one of its own", async () => {
		const stream = await TestStream.open();
		const schema = { events: { "sse.send": { group: "staff" } } } as never;
		const gateway = await stream.gateway("gateway-1", { schema });
		const client = await openNews(gateway);
		await send(gateway.node, "for its service", "api");
		await send(gateway.node, "for its group", "staff");
		await client.next(NEWS);

		expect(client.received(NEWS)).toEqual(["for its group"]);
	});

	it.each([
		["that are no names", [7], /takes names of services/],
		[
			"that take too much room",
			Array.from({ length: 100 }, (_, n) => `service-${n}`),
			/more than the 512/
		]
	])("is refused with groups %s, and so is a revocation", async (_, groups, problem) => {
		const { sender, admin } = await start();
		const client = await openNews(admin);
		for (const [name, content] of [
			["sse.send", event(1)],
			["sse.close", { sessionId: "*" }]
		] as const) {
			const refused = sender.broker.broadcast(name, content, { groups } as never);
			await expect(refused).rejects.toBeInstanceOf(SseError);
			await expect(refused).rejects.toMatchObject({
				message: expect.stringMatching(problem),
				data: { field: "groups" }
			});
		}
		await send(sender, "the next");
		await client.next(NEWS);
		expect(client.received(NEWS)).toEqual(["the next"]);
	});
});

describe("a revocation for some groups, on a RabbitMQ stream", () => {
	it("closes streams of these gateways alone, and counts there alone when it is read later", async () => {
		const { stream, sender, admin, shop } = await start();
		await send(sender, 1);
		const [inside, outside] = await Promise.all([openNews(admin), openNews(shop)]);
		await send(sender, 2);
		// the first may be read only when the streams are open
		const has = (client: StreamClient, n: number) =>
			client.until(() => client.received(NEWS).includes(n), `event ${n}`);
		await Promise.all([has(inside, 2), has(outside, 2)]);
		const lastEventId = ids(outside).at(-1);
		const groups = ["admin"];
		await sender.broker.broadcast("sse.close", { sessionId: "A" }, { groups, throwError: true });
		expect(await inside.end).toBe("ended");
		await send(sender, 3);
		await has(outside, 3);

		const [laterAdmin, laterShop] = [
			await stream.gateway("gateway-3", { name: "admin" }),
			await stream.gateway("gateway-4", { name: "shop" })
		];
		const back = await openNews(laterShop, { lastEventId });
		await back.next(NEWS);
		expect(back.received(NEWS)).toEqual([3]);
		const sentAway = await openNews(laterAdmin, { lastEventId });
		await sentAway.next("sse.reset");
		expect(sentAway.received("sse.reset")).toEqual([{ reason: "revoked" }]);
	});
});

describe("a message of another program", () => {
	it("names groups by its header, and is for all without", async () => {
		const { stream, admin, shop } = await start();
		const [inside, outside] = await Promise.all([openNews(admin), openNews(shop)]);
		stream.publish([event(1), event(2)], { "sse-groups": '["admin"]' });
		stream.publish(event(3), { "sse-groups": "[]" });
		stream.publish(event(4));
		await Promise.all([inside.next(NEWS, 4), outside.next(NEWS, 2)]);

		expect(inside.received(NEWS)).toEqual([1, 2, 3, 4]);
		expect(outside.received(NEWS)).toEqual([3, 4]);
	});

	it.each(["admin", "[7]", '{"admin":true}', "", 7])(
		"is dropped if its header is no list of names: %j",
		async header => {
			const { stream, admin } = await start();
			const client = await openNews(admin);
			stream.publish(event("for whom?"), { "sse-groups": header });
			stream.publish(event("the next"));
			await client.next(NEWS);

			expect(client.received(NEWS)).toEqual(["the next"]);
			expect(admin.log.at("warn")).toEqual([expect.stringContaining("sse-groups")]);
		}
	);
});
