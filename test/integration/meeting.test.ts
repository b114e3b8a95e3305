import { describe, expect, it, jest } from "@jest/globals";
import type { Context, ServiceSchema } from "moleculer";
import { History } from "../../mixins/sse/core/history/history.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startUnfinished, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { onTestFinished } from "../support/on-test-finished.ts";

const NEWS = "news";
const toAll = (payload: unknown) => ({ eventName: NEWS, sessionId: "*", payload });

type Broadcast = (
	name: string,
	params: { seq: number; age?: number; re?: readonly string[] },
	options: unknown
) => Promise<unknown>;

/** A busy sender: whenever it reports its position, it has just sent something. It reports nothing until `speak`. */
async function startSender(namespace: string, nodeID: string) {
	let speaks = false;
	/** Answers the gateway's last question, saying that it has sent something. */
	let answer: (() => Promise<unknown>) | undefined;
	const middleware = {
		broadcast:
			(next: Broadcast): Broadcast =>
			async (name, params, options) => {
				if (name !== "sse.position") return next(name, params, options);
				const say = () => next(name, { ...params, age: 0 }, options);
				if (speaks) return say();
				if (params.seq > 0 && params.re !== undefined) answer = say;
				return undefined;
			}
	};
	const known = () => {
		const listeners = node.broker.registry.events.getAllEndpoints("sse.position");
		expect(listeners.map(({ id }: { id: string }) => id)).toContain("gw");
		expect(answer).toBeDefined();
	};
	/** Resolves when the gateway, as it is now, has asked. */
	const asked = async () => {
		answer = undefined;
		await eventually(known);
	};
	const speak = async () => {
		await eventually(known);
		speaks = true;
		await answer?.();
	};
	const sent: string[] = [];
	const ear = {
		name: "ear",
		events: { "sse.send": (ctx: Context<{ id: string }>) => void sent.push(ctx.params.id) }
	} as unknown as ServiceSchema;
	const broker = { ...memberOf(namespace, nodeID), middlewares: [middleware as never] };
	const node = new TestNode({ broker, services: [ear] });
	await node.broker.start();
	return { node, asked, speak, sent };
}

// The loss of each sender that such a gateway met was reported separately: a page loaded its state once for each of them, and
// once more for the place with which it had come back.
describe("a gateway that has just started reports once what its senders have sent unheard", () => {
	it("to clients that came for the first time", async () => {
		const namespace = crypto.randomUUID();
		const senders = [await startSender(namespace, "s1"), await startSender(namespace, "s2")];
		const { gateway, finish } = await startUnfinished(memberOf(namespace, "gw"));
		const stream = await openStream(gateway.url(NEWS));
		for (const { node } of senders) await node.send(toAll("unheard"));
		await finish();
		await Promise.all(senders.map(({ asked }) => asked()));
		for (const { node, speak } of senders) {
			await speak();
			const name = `'${node.broker.nodeID}' sent events`;
			await eventually(() => expect(gateway.log.at("warn").join()).toContain(name));
			await node.send(toAll(`heard of ${node.broker.nodeID}`));
		}
		await meet(gateway.broker, ...senders.map(({ node }) => node.broker));
		await gateway.send(toAll("last"));
		await stream.until(() => stream.received(NEWS).includes("last"));
		// what is sent once a sender is met comes after the reset
		expect(stream.events.map(({ event }) => event).slice(0, 3)).toEqual([
			...["sse.open", "sse.reset", NEWS]
		]);
		expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
		expect(stream.received(NEWS)).toEqual(["heard of s1", "heard of s2", "last"]);
	});

	it("to clients that come back, which learn from the same reset that they may have missed more", async () => {
		const namespace = crypto.randomUUID();
		const senders = [await startSender(namespace, "s1"), await startSender(namespace, "s2")];
		for (const { node } of senders) await node.send(toAll("unheard"));
		const gateway = new TestGateway(new TestNode({ broker: memberOf(namespace, "gw") }));
		await gateway.broker.start();
		await Promise.all(senders.map(({ asked }) => asked()));
		const since = jest.spyOn(History.prototype, "since");
		onTestFinished(() => since.mockRestore());
		const headers = { "Last-Event-ID": senders[0]?.sent[0] as string };
		const pending = openStream(gateway.url(NEWS), { headers });
		await eventually(() => expect(gateway.held.streams).toBe(1));
		for (const { speak } of senders) {
			await speak();
			await eventually(() => expect(since.mock.results.at(-1)?.value).toBe("expired"));
		}
		const stream = await pending;
		await meet(gateway.broker, ...senders.map(({ node }) => node.broker));
		await gateway.send(toAll("heard"));
		await stream.next(NEWS);
		expect(stream.received("sse.open")).toMatchObject([{ eventNames: [NEWS], resumed: false }]);
		expect(stream.received("sse.reset")).toEqual([{ reason: "expired" }]);

		// its place was one from before the gateway had met anybody
		const { id } = await stream.next("sse.heartbeat");
		const again = await openStream(gateway.url(NEWS), {
			headers: { "Last-Event-ID": id as string }
		});
		await again.next(NEWS);
		expect(again.received("sse.open")).toMatchObject([{ eventNames: [NEWS], resumed: true }]);
		expect(again.received(NEWS)).toEqual(["heard"]);
	});

	// What arrived while such a stream waited was taken for sent while its session was still out, and was not written to it.
	it("to a session that was revoked and is let in again, which then gets what arrived while it waited", async () => {
		const namespace = crypto.randomUUID();
		const sender = await startSender(namespace, "s1");
		await sender.node.send(toAll("unheard"));
		const gateway = new TestGateway(new TestNode({ broker: memberOf(namespace, "gw") }));
		await gateway.broker.start();
		await sender.asked();
		const first = await openStream(gateway.url(NEWS), { session: "A" });
		const { id: place } = await first.next("sse.open");
		await gateway.broker.broadcast("sse.close", { sessionId: "A" });
		await first.end;
		await gateway.send(toAll("while it was out"));

		const headers = { "Last-Event-ID": place as string };
		const pending = openStream(gateway.url(NEWS), { session: "A", headers });
		await eventually(() => expect(gateway.held.streams).toBe(1));
		await gateway.send(toAll("while it waited"));
		await sender.speak();
		const stream = await pending;
		await meet(gateway.broker, sender.node.broker);
		await gateway.send(toAll("live"));
		await stream.until(() => stream.received(NEWS).includes("live"));
		expect(stream.events.map(({ event }) => event).slice(0, 3)).toEqual([
			...["sse.open", "sse.reset", NEWS]
		]);
		// for all of it: revoked, and something unheard
		expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
		expect(stream.received(NEWS)).toEqual(["while it waited", "live"]);
	});

	it("within two seconds, whoever else has not answered", async () => {
		const namespace = crypto.randomUUID();
		const senders = [await startSender(namespace, "s1"), await startSender(namespace, "s2")];
		for (const { node } of senders) await node.send(toAll("unheard"));
		const gateway = new TestGateway(new TestNode({ broker: memberOf(namespace, "gw") }));
		await gateway.broker.start();
		const stream = await openStream(gateway.url(NEWS));
		await senders[0]?.speak();
		await senders[0]?.node.send(toAll("heard"));
		await stream.next(NEWS);
		expect(stream.events.map(({ event }) => event)).toEqual(["sse.open", "sse.reset", NEWS]);
		expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
	});
});
