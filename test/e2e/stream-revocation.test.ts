import { describe, expect, it } from "@jest/globals";
import { busState } from "../../mixins/sse/index.ts";
import type { StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import type { TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";
import { runningTime } from "../support/running-time.ts";

const SECRET = "sent while it was revoked";
/** A connection is attempted once a second. */
const PATIENT = { timeout: 15_000 };

const event = (payload: unknown, sessionId: string | string[] = "A") => ({
	eventName: NEWS,
	sessionId,
	payload
});
const close = (node: TestNode | TestGateway, params: unknown) =>
	node.broker.broadcast("sse.close", params, { throwError: true });
const told = (stream: StreamClient) => [
	...stream.received("sse.open").map(data => (data as { resumed: boolean }).resumed),
	...stream.received("sse.reset").map(data => (data as { reason: string }).reason)
];
const placeOf = ({ events }: StreamClient) => events.findLast(({ id }) => id)?.id as string;
const idOf = ({ events }: StreamClient, payload: unknown) =>
	events.find(({ data }) => data === JSON.stringify(payload))?.id as string;

describe("a gateway that is started again, and reads the past from the RabbitMQ stream", () => {
	// It read what had been sent, and not who had been revoked: a session that came back, let in again, with a place from
	// before got what was sent while it was revoked.
	it("replays to a session nothing of what was sent while it was revoked, and everything to the others", async () => {
		const stream = await TestStream.open();
		const sender = await stream.sender("sender");
		const first = await stream.gateway("gateway-1");
		const [alice, bob] = [await openNews(first), await openNews(first, { session: "B" })];
		await sender.send(event("before", "*"));
		await bob.next(NEWS);
		await alice.next(NEWS);
		await close(sender, { sessionId: "A" });
		expect(await alice.end).toBe("ended");
		await sender.send(event("for everyone else", "*"));
		await sender.send(event(SECRET));
		await sender.send(event("for B", "B"));
		await bob.next(NEWS, 3);
		const meanwhile = idOf(bob, "for everyone else");
		// let in again
		const back = await openNews(first, { lastEventId: placeOf(alice) });
		expect(told(back)).toEqual([false, "revoked"]);
		await sender.send(event("after", ["A", "B"]));
		await back.next(NEWS);
		await bob.next(NEWS, 4);
		await first.broker.stop();
		await sender.send(event("missed", ["A", "B"]));

		const second = await stream.gateway("gateway-1");
		const places = [placeOf(alice), idOf(alice, "before"), meanwhile, `${meanwhile}~gw.life~7~s`];
		const returned: StreamClient[] = [];
		for (const lastEventId of places) {
			returned.push(await openNews(second, { lastEventId }));
			expect(told(returned.at(-1) as StreamClient)).toEqual([false, "revoked"]);
		}
		// a session that was never revoked continues
		const others = await openNews(second, { session: "B", lastEventId: placeOf(bob) });
		await others.next(NEWS);
		expect([told(others), others.received(NEWS)]).toEqual([[true], ["missed"]]);
		await sender.send(event("last", ["A", "B"]));
		for (const client of [...returned, others]) {
			await client.until(() => client.received(NEWS).includes("last"), "the last event");
			expect(client.text).not.toContain(SECRET);
		}
		// and so does this one, from where it was let in
		const own = idOf(returned[0] as StreamClient, "last");
		await sender.send(event("missed once more"));
		const again = await openNews(second, { lastEventId: own });
		await again.next(NEWS);
		expect([told(again), again.received(NEWS)]).toEqual([[true], ["missed once more"]]);
	});
});

describe("a revocation on the RabbitMQ stream", () => {
	it("closes streams on a gateway that does not hear the sender's Moleculer events", async () => {
		const stream = await TestStream.open();
		const [gateway, sender] = [await stream.gateway("gateway-1"), await stream.sender("sender")];
		const [alice, bob] = [await openNews(gateway), await openNews(gateway, { session: "B" })];
		await close(sender, { sessionId: "A", reason: "logout" });
		expect(await alice.end).toBe("ended");
		expect(alice.received("sse.close")).toEqual([{ reason: "logout" }]);
		await sender.send(event("still here", "*"));
		await bob.next(NEWS);
	});

	it("counts once for a gateway that hears both", async () => {
		const stream = await TestStream.open();
		const broker = stream.transport;
		const gateway = await stream.gateway("gateway-1", { broker });
		const sender = await stream.sender("sender", { broker });
		await sender.broker.waitForServices("api");
		for (let n = 0; n < 10; n++) {
			const alice = await openNews(gateway);
			await close(n % 2 ? gateway : sender, { sessionId: "A" });
			expect(await alice.end).toBe("ended");
			const back = await openNews(gateway);
			await sender.send(event(n));
			await back.next(NEWS);
			expect(back.received("sse.close")).toEqual([]);
			back.close();
		}
	});

	it("is among the events in the order in which they were sent, and with its id", async () => {
		const stream = await TestStream.open();
		const sender = await stream.sender("sender");
		const sent = [
			sender.send(event(1)),
			sender.send(event(2)),
			close(sender, { sessionId: ["A", "B"], eventName: NEWS }),
			sender.send(event(3)),
			close(sender, { sessionId: "*", reason: "ż" }).catch(() => {}),
			close(sender, { sessionId: "ż", reason: "moved" })
		];
		await Promise.all(sent);
		await eventually(() => expect(busState(sender.broker)?.outbox.events).toBe(0));
		const id = expect.stringMatching(/^sender\.[0-9a-z]{8}\.[12]$/);
		expect(await stream.revocations()).toEqual([
			1,
			2,
			{ id, sessionId: ["A", "B"], eventName: NEWS, reason: "revoked" },
			3,
			{ id, sessionId: "ż", reason: "moved" }
		]);
	});

	it("of thousands of sessions fits into the smallest frames", async () => {
		const stream = await TestStream.open();
		const url = `${stream.url}?frameMax=4096`;
		const gateway = await stream.gateway("gateway-1");
		const sender = await stream.sender("sender", { stream: { url } });
		const clients = [await openNews(gateway), await openNews(gateway, { session: "B" })];
		const others = Array.from({ length: 5000 }, (_, n) => `${n}-${"ż".repeat(20)}`);
		await close(sender, { sessionId: ["A", ...others, "B"] });
		for (const client of clients) expect(await client.end).toBe("ended");
		expect(sender.log.at("warn")).toEqual([]);
		expect((await stream.revocations()).length).toBeGreaterThan(100);
	});

	it("may come from another program, and is logged and skipped if it is invalid", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1");
		const alice = await openNews(gateway);
		for (const header of ["{", "[]", 7, '{"sessionId":""}', '{"eventName":"a"}']) {
			stream.publish([], { "sse-close": header });
		}
		stream.publish(event("still here"), { "sse-close": '{"sessionId":"B"}' });
		await alice.next(NEWS);
		await eventually(() => {
			const log = gateway.log
				.at("warn")
				.filter(text => /dropped (a revocation|sse.close)/.test(text));
			expect(log).toHaveLength(5);
		});
		stream.publish([], { "sse-close": '{"sessionId":"A","reason":"from afar"}' });
		expect(await alice.end).toBe("ended");
		expect(alice.received("sse.close")).toEqual([{ reason: "from afar" }]);
	});
});

describe("a sender that cannot reach RabbitMQ", () => {
	it("neither waits for it nor fails when it revokes; the revocation is written to the RabbitMQ stream later", async () => {
		const stream = await TestStream.open();
		const detour = await stream.detour();
		const gateway = await stream.gateway("gateway-1");
		const alice = await openNews(gateway);
		const sender = await stream.sender("sender", { stream: { url: detour.url, timeout: 300 } });
		detour.down();
		await eventually(() => expect(busState(sender.broker)?.connected).toBe(false));
		expect(await runningTime(() => close(sender, { sessionId: "A" }))).toBeLessThan(200);
		await eventually(() =>
			expect(sender.log.at("error").join()).toContain('("sse.close") was not written to the stream')
		);
		expect(busState(sender.broker)?.outbox.events).toBe(1);
		detour.up();
		await eventually(async () => expect(await alice.end).toBe("ended"), PATIENT);
		await eventually(() => expect(busState(sender.broker)?.outbox.events).toBe(0));
	});
});
