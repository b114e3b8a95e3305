import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { SseMixinOptions } from "../../mixins/sse/index.ts";
import { refusal, send } from "../support/clients/request.ts";
import { openStream, requestStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import {
	gatewaySchema,
	startGateway,
	startUnfinished,
	TestGateway,
	TestNode
} from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";

const NEWS = "news";
const SECRET = "a secret of these tests, of at least 32 bytes";

const revoke = (broker: ServiceBroker, sessionId: string, options?: object) =>
	broker.broadcast("sse.close", { sessionId }, options);
const sendTo = (node: TestNode, sessionId: string, payload: unknown) =>
	node.send({ eventName: NEWS, sessionId, payload });
const names = ({ events }: StreamClient) => events.map(({ event }) => event);
const closed = (stream: StreamClient) => stream.received("sse.close");

function open(gateway: TestGateway, session: string, lastEventId?: string) {
	const headers = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId };
	return openStream(gateway.url(NEWS), { session, headers });
}

/** A cluster of a sender and a gateway that know each other. */
async function startPair(sse: SseMixinOptions = {}, services: ServiceSchema[] = []) {
	const namespace = crypto.randomUUID();
	const sender = new TestNode({ broker: memberOf(namespace, "accounts") });
	const node = new TestNode({ broker: memberOf(namespace, "gw"), services });
	const gateway = new TestGateway(node, { sse });
	await Promise.all([sender.broker.start(), gateway.broker.start()]);
	await meet(sender.broker, gateway.broker);
	return { namespace, sender, gateway };
}

/** Keeps the packets that a node sends meanwhile; the returned function lets them go on. */
async function hold({ broker }: TestNode, act: () => Promise<unknown>): Promise<() => void> {
	const tx = broker.transit?.tx as unknown as { send(...packet: unknown[]): Promise<void> };
	const send = tx.send.bind(tx);
	const held: unknown[][] = [];
	tx.send = async (...packet) => void held.push(packet);
	await act();
	tx.send = send;
	return () => {
		for (const packet of held) void send(...packet);
	};
}

/** A service that records how often senders report how many revocations they have sent. */
function listener(heard: Record<string, unknown>[]): ServiceSchema {
	return {
		name: "listener",
		events: {
			"sse.position": (ctx: Context<Record<string, unknown>>) => {
				if (ctx.params.of === "close") heard.push(ctx.params);
			}
		}
	} as unknown as ServiceSchema;
}

// A gateway that was cut off when a session was banned continued to serve that session's stream, for as long as it lived.
describe("a revocation that does not arrive at a gateway", () => {
	it("ends the streams that are open there, and they are judged again", async () => {
		const banned = new Set<string>();
		const { sender, gateway } = await startPair({
			authorize: (_ctx, { sessionIds: [id = ""] }) => !banned.has(id)
		});
		const [a, b] = [await open(gateway, "A"), await open(gateway, "B")];
		await sendTo(sender, "*", 1);
		const { id } = await b.next(NEWS);
		banned.add("A");
		await hold(sender, () => revoke(sender.broker, "A"));
		for (const stream of [a, b]) {
			expect(await stream.end).toBe("ended");
			expect(closed(stream)).toEqual([{ reason: "timeout" }]);
		}

		await sendTo(sender, "*", 2);
		expect((await refusal(gateway.url(NEWS), { session: "A" })).status).toBe(403);
		const back = await open(gateway, "B", id);
		await sendTo(sender, "*", 3);
		await back.next(NEWS, 2);
		expect(back.received(NEWS)).toEqual([2, 3]);
		expect(names(back)).not.toContain("sse.reset");
		const warnings = gateway.log.at("warn").filter(text => text.includes("revocations"));
		expect(warnings).toEqual([expect.stringContaining("from 'accounts' did not arrive")]);
	});

	it("is noticed by the next one, which takes effect at once", async () => {
		const { sender, gateway } = await startPair();
		const streams = await Promise.all(["A", "B", "C"].map(session => open(gateway, session)));
		await revoke(sender.broker, "nobody");
		await hold(sender, () => revoke(sender.broker, "A"));
		await revoke(sender.broker, "B");
		expect(await streams[1]?.end).toBe("ended");
		expect(streams.map(closed)).toEqual([[], [{ reason: "revoked" }], []]);
		for (const stream of streams) await stream.end;
		expect(streams.map(closed)).toEqual(
			["timeout", "revoked", "timeout"].map(reason => [{ reason }])
		);
	});

	it("ends no stream that was opened after it was sent", async () => {
		const { sender, gateway } = await startPair();
		const early = await open(gateway, "A");
		await hold(sender, () => revoke(sender.broker, "A"));
		// the gateway knows when it was sent, except for the time that the sender's report takes
		await sleep(300);
		const late = await open(gateway, "B");
		await early.end;
		await sendTo(sender, "B", 1);
		await late.next(NEWS);
		expect(names(late)).toEqual(["sse.open", NEWS]);
	});

	it("sends away a stream that is being opened on an answer from before it", async () => {
		const gate = createGate();
		const { sender, gateway } = await startPair({
			session: async () => {
				await gate.wait();
				return "A";
			}
		});
		await revoke(sender.broker, "nobody");
		const opening = requestStream(gateway.url(NEWS));
		await gate.reached;
		await hold(sender, () => revoke(sender.broker, "A"));
		await eventually(() => expect(gateway.log.at("warn").join()).toContain("revocations"));
		gate.open();
		const stream = await opening;
		expect(await stream.end).toBe("ended");
		expect(names(stream)).toEqual(["sse.close"]);
	});

	it("refuses the tickets from before it, and none from after it was noticed", async () => {
		const namespace = crypto.randomUUID();
		const sender = new TestNode({ broker: memberOf(namespace, "accounts") });
		const gateway = await startGateway({
			broker: memberOf(namespace, "gw"),
			sse: { session: () => "A", ticket: { secret: SECRET } },
			settings: { routes: [{ path: "/api", aliases: { "GET /ticket": "api.sseTicket" } }] }
		});
		await sender.broker.start();
		await meet(sender.broker, gateway.broker);
		const ask = async (): Promise<string> => {
			const { text } = await send(`${gateway.origin}/api/ticket?eventName=${NEWS}`);
			return `${gateway.url(NEWS)}&ticket=${encodeURIComponent(JSON.parse(text).ticket)}`;
		};
		await revoke(sender.broker, "nobody");
		const before = await ask();
		await hold(sender, () => revoke(sender.broker, "A"));
		await eventually(() => expect(gateway.log.at("warn").join()).toContain("revocations"));
		expect((await refusal(before)).status).toBe(401);
		await openStream(await ask());
	});

	it("is reported by a sender that stops", async () => {
		const { sender, gateway } = await startPair();
		const stream = await open(gateway, "A");
		await hold(sender, () => revoke(sender.broker, "A"));
		await sender.broker.stop();
		expect(await stream.end).toBe("ended");
		expect(closed(stream)).toEqual([{ reason: "timeout" }]);
	});

	it("counts even if its sender begins another life before it is decided", async () => {
		const gateway = await startGateway();
		const stream = await open(gateway, "A");
		const say = (epoch: string, seq: number) =>
			gateway.broker.broadcastLocal("sse.position", { of: "close", epoch, seq, age: 0, up: 0 });
		const id = "node-1.aaaaaaaa.1";
		await gateway.broker.broadcastLocal(
			"sse.close",
			{ sessionId: "nobody" },
			{ meta: { $sse: { revocation: id } } }
		);
		await say("aaaaaaaa", 2);
		await say("bbbbbbbb", 0);
		expect(await stream.end).toBe("ended");
		expect(closed(stream)).toEqual([{ reason: "timeout" }]);
	});

	it.each([0, 5000])("ends all of many streams, with `drain` %i", async drain => {
		const { sender, gateway } = await startPair({ drain });
		const streams = await Promise.all(Array.from({ length: 30 }, () => open(gateway, "B")));
		await hold(sender, () => revoke(sender.broker, "A"));
		for (const stream of streams) expect(await stream.end).toBe("ended");
		expect(streams.map(closed)).toEqual(streams.map(() => [{ reason: "timeout" }]));
		await gateway.broker.stop();
		expect(gateway.held.unclosed).toBe(0);
	});
});

describe("while no revocation is missing, no stream ends", () => {
	it("that was not meant, whatever numbers senders report", async () => {
		const heard: Record<string, unknown>[] = [];
		const { sender, gateway } = await startPair({}, [listener(heard)]);
		await gateway.broker.broadcast("sse.hello", { id: "gw.abcdefgh.1" });
		const [a, b] = [await open(gateway, "A"), await open(gateway, "B")];
		for (const session of ["nobody", "A", "nobody"]) await revoke(sender.broker, session);
		await a.end;
		// quiet for a second, for two more, and at its end
		await eventually(() => expect(heard).toHaveLength(2), { timeout: 10_000 });
		await sender.broker.stop();
		await eventually(() => expect(heard).toHaveLength(3));
		expect(heard.map(({ seq }) => seq)).toEqual([3, 3, 3]);
		await gateway.send({ eventName: NEWS, sessionId: "B", payload: 1 });
		await b.next(NEWS);
		expect(names(b)).toEqual(["sse.open", NEWS]);
	});

	it("of a sender that has never revoked anything, which reports nothing about it", async () => {
		const heard: Record<string, unknown>[] = [];
		const { sender, gateway } = await startPair({}, [listener(heard)]);
		await sendTo(sender, "A", 1);
		await gateway.broker.broadcast("sse.hello", { id: "gw.abcdefgh.1", to: ["accounts"] });
		await meet(sender.broker, gateway.broker);
		await sender.broker.stop();
		expect(heard).toEqual([]);
	});

	it("of a gateway that has started since, or is reloaded", async () => {
		const { namespace, sender, gateway } = await startPair();
		for (let n = 0; n < 3; n++) await revoke(sender.broker, "A");
		const { gateway: late, finish } = await startUnfinished(memberOf(namespace, "late"));
		const early = await open(late, "B");
		await finish();
		await gateway.broker.destroyService(gateway.service);
		const service = gateway.broker.createService(gatewaySchema()) as TestGateway["service"];
		await meet(sender.broker, gateway.broker, late.broker);
		const { port } = service.server.address() as { port: number };
		const url = `http://127.0.0.1:${port}/sse/event-stream?eventName=${NEWS}`;
		const streams = [early, await open(late, "B"), await openStream(url, { session: "B" })];
		await revoke(sender.broker, "nobody");
		await sendTo(sender, "B", 1);
		for (const stream of streams) {
			await stream.next(NEWS);
			expect(closed(stream)).toEqual([]);
		}
	});

	it("because one has overtaken another on its way", async () => {
		const { sender, gateway } = await startPair();
		const [a, b, c] = [
			await open(gateway, "A"),
			await open(gateway, "B"),
			await open(gateway, "C")
		];
		const goOn = await hold(sender, () => revoke(sender.broker, "A"));
		await revoke(sender.broker, "B");
		goOn();
		for (const stream of [a, b]) expect(await stream.end).toBe("ended");
		await sender.broker.stop();
		await gateway.send({ eventName: NEWS, sessionId: "C", payload: 1 });
		await c.next(NEWS);
		expect([a, b, c].map(closed)).toEqual([[{ reason: "revoked" }], [{ reason: "revoked" }], []]);
	});

	it("because one went to some groups alone", async () => {
		const { sender, gateway } = await startPair();
		const stream = await open(gateway, "A");
		await revoke(sender.broker, "A", { groups: ["admin"] });
		await revoke(sender.broker, "nobody");
		await sender.broker.stop();
		await gateway.send({ eventName: NEWS, sessionId: "A", payload: 1 });
		await stream.next(NEWS);
		expect(names(stream)).toEqual(["sse.open", NEWS]);
	});

	it("because a sender has crashed", async () => {
		const { namespace, sender, gateway } = await startPair();
		const [a, b] = [await open(gateway, "A"), await open(gateway, "B")];
		await revoke(sender.broker, "nobody");
		await hold(sender, () => sender.broker.stop());
		const again = new TestNode({ broker: memberOf(namespace, "accounts") });
		await again.broker.start();
		await meet(again.broker, gateway.broker);
		await revoke(again.broker, "A");
		await a.end;
		await again.broker.stop();
		await gateway.send({ eventName: NEWS, sessionId: "B", payload: 1 });
		await b.next(NEWS);
		expect([a, b].map(closed)).toEqual([[{ reason: "revoked" }], []]);
	});

	// The number of a revocation that had reached its own node, and no other, was reused for the next one.
	it("because one could not be sent; and one that reached its own node alone keeps its number", async () => {
		const namespace = crypto.randomUUID();
		const sender = new TestNode({ broker: memberOf(namespace, "sender") });
		const both = await startGateway({ broker: memberOf(namespace, "both") });
		const other = await startGateway({ broker: memberOf(namespace, "other") });
		await sender.broker.start();
		await meet(sender.broker, both.broker, other.broker);
		const streams = await Promise.all(
			[both, other].flatMap(gateway => ["A", "B"].map(session => open(gateway, session)))
		);
		const unwritable = { meta: { number: 1n } };
		await revoke(sender.broker, "nobody", unwritable);
		await revoke(sender.broker, "nobody");
		await sender.broker.stop();
		expect(streams.flatMap(closed)).toEqual([]);
		await revoke(both.broker, "nobody", unwritable);
		await revoke(both.broker, "A");
		expect(await streams[0]?.end).toBe("ended");
		expect(await streams[2]?.end).toBe("ended");
		expect(closed(streams[0] as StreamClient)).toEqual([{ reason: "revoked" }]);
		// to the other node, one is missing
		expect(await streams[3]?.end).toBe("ended");
		expect(closed(streams[1] as StreamClient)).toEqual([]);
	});
});
