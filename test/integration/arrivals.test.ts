import type { Context, ServiceSchema } from "moleculer";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { TestGateway, TestNode } from "../support/gateway.ts";
import { meet, memberOf } from "../support/meet.ts";
import { openStream } from "../support/stream-client.ts";

const NEWS = "news";
const toAll = (payload: unknown) => ({ eventName: NEWS, sessionId: "*", payload });

type Broadcast = (name: string, params: object, options: unknown) => Promise<unknown>;

/** A node that says something more whenever it says where it is. */
async function startWitness(namespace: string, more: object): Promise<TestNode> {
	const middleware = {
		broadcast:
			(next: Broadcast): Broadcast =>
			(name, params, options) =>
				next(name, name === "sse.position" ? { ...params, ...more } : params, options)
	};
	const broker = { ...memberOf(namespace, "witness"), middlewares: [middleware as never] };
	const witness = new TestNode({ broker });
	await witness.broker.start();
	return witness;
}

async function startGateway(namespace: string, services: ServiceSchema[] = []) {
	const gateway = new TestGateway(new TestNode({ broker: memberOf(namespace, "gw"), services }));
	await gateway.broker.start();
	return gateway;
}

describe("a gateway", () => {
	// It told its first clients that they had missed what it had sent itself in its life before.
	it("misses nothing of its own former process, of which another node tells", async () => {
		const namespace = crypto.randomUUID();
		const witness = await startWitness(namespace, { gone: [["gw", "former", 300]] });
		const gateway = await startGateway(namespace);
		const stream = await openStream(gateway.url(NEWS));
		await meet(witness.broker, gateway.broker);
		await witness.send(toAll(1));
		await stream.next(NEWS);
		const names = stream.events.map(({ event }) => event);
		expect(names.filter(name => name !== "sse.heartbeat")).toEqual(["sse.open", NEWS]);
	});

	// It waited half a minute for a process that could not come any more, and then took the living one for gone.
	it("does not wait for a process that another one has replaced, and that it never met", async () => {
		const namespace = crypto.randomUUID();
		const sender = new TestNode({ broker: memberOf(namespace, "sender") });
		await sender.broker.start();
		const gateway = await startGateway(namespace);
		await meet(sender.broker, gateway.broker);
		const witness = await startWitness(namespace, { here: [["sender", "former"]] });
		await meet(witness.broker, gateway.broker);
		const stream = await openStream(gateway.url(NEWS));
		await sender.send(toAll(1));
		await stream.next(NEWS);
		expect(stream.events.at(-1)?.id).toMatch(/^sender\./);
		expect(stream.received("sse.reset")).toEqual([]);
	});

	// Each that was met put off the question by 25 milliseconds: a cluster that was starting kept everybody from being asked.
	it("asks those that it meets, though others are met all the time", async () => {
		const namespace = crypto.randomUUID();
		const asked: string[] = [];
		const ear = {
			name: "ear",
			events: {
				"sse.hello": (ctx: Context<{ to?: string[] }>) => void asked.push(...(ctx.params.to ?? []))
			}
		} as unknown as ServiceSchema;
		const sender = new TestNode({ broker: memberOf(namespace, "sender") });
		await sender.broker.start();
		const { broker } = await startGateway(namespace, [ear]);
		await meet(sender.broker, broker);
		asked.length = 0;
		const node = broker.registry.nodes.get("sender");
		const joining = setInterval(() => broker.localBus.emit("$node.connected", { node }), 10);
		try {
			await eventually(() => expect(asked).toContain("sender"));
		} finally {
			clearInterval(joining);
		}
	});
});
