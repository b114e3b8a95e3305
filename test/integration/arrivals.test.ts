import { describe, expect, it } from "@jest/globals";
import type { Context, ServiceSchema } from "moleculer";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";

const NEWS = "news";
const toAll = (payload: unknown) => ({ eventName: NEWS, sessionId: "*", payload });

type Broadcast = (name: string, params: object, options: unknown) => Promise<unknown>;

/** A node that sends something extra with each position report. */
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

/** A sender and a gateway that know each other, and what Moleculer tells the gateway of the sender, at any time. */
async function startPair() {
	const namespace = crypto.randomUUID();
	const sender = new TestNode({ broker: memberOf(namespace, "sender") });
	const gateway = await startGateway(namespace);
	await sender.broker.start();
	await meet(sender.broker, gateway.broker);
	const { registry } = gateway.broker;
	const { services } = registry.nodes.get("sender") as unknown as { services: object[] };
	const { instanceID: own } = sender.broker;
	const tell = (instanceID = own) => {
		const info = { sender: "sender", instanceID, services, seq: 99, ipList: [], client: {} };
		registry.processNodeInfo(info as never);
	};
	const stop = async () => {
		await sender.broker.stop();
		await eventually(() => expect(registry.nodes.get("sender")?.available).toBe(false));
	};
	const { fanOut } = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway"));
	return { sender, gateway, registry, fanOut, tell, stop };
}

/** A service of the gateway's node that hears an event of a name. */
function hearAll<T>({ broker }: TestGateway, name: string, hear: (ctx: Context<T>) => void): void {
	broker.createService({ name: "ear", events: { [name]: hear } } as unknown as ServiceSchema);
}

async function startGateway(namespace: string, services: ServiceSchema[] = []) {
	const gateway = new TestGateway(new TestNode({ broker: memberOf(namespace, "gw"), services }));
	await gateway.broker.start();
	return gateway;
}

describe("a gateway", () => {
	// It told its first clients that they had missed what it had itself sent in its earlier life.
	it("misses nothing of its own former process, which another node reports", async () => {
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

	// It waited half a minute for a process that could not appear any more, and then took the living one for gone.
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

	// Each node that was met postponed the question by 25 milliseconds: a starting cluster kept everybody from being asked.
	it("asks the nodes that it meets, even if others are met all the time", async () => {
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

	// Moleculer's last news of a node arrived after the news that it had left. For half a minute the gateway waited for an
	// answer and gave no ids, and then told everybody that the node might have sent something.
	it("does not wait for a process that has reported its end, even if Moleculer lists it as present again", async () => {
		const { gateway, registry, fanOut, tell, stop } = await startPair();
		await stop();
		tell();
		expect(registry.nodes.get("sender")?.available).toBe(true);
		const stream = await openStream(gateway.url(NEWS));
		await gateway.send(toAll(1));
		await stream.next(NEWS);
		expect(stream.events.at(-1)?.id).toMatch(/^gw\./);
		expect(stream.received("sse.open")[0]).not.toHaveProperty("degraded");
		registry.nodes.disconnected("sender", true);
		expect(fanOut.isWhole).toBe(true);
	});

	// Moleculer lets such a node hear nothing from others: whoever waited for its answer gave no ids for as long as it lived.
	it("does not wait for a node that is started again in the same process, which reports itself that it is present", async () => {
		const { sender, gateway, fanOut, tell, stop } = await startPair();
		await stop();
		// Moleculer may take half a minute to notice that it is present again
		tell();
		const heard: unknown[] = [];
		hearAll(gateway, "sse.position", ({ nodeID, params }) => {
			if (nodeID === "sender") heard.push(params);
		});
		await sender.broker.start();
		await eventually(() => expect(heard).toContainEqual(expect.objectContaining({ seq: 0 })));
		expect(fanOut.isWhole).toBe(true);
		const stream = await openStream(gateway.url(NEWS));
		await sender.send(toAll(1));
		await stream.next(NEWS);
		expect(stream.events.at(-1)?.id).toMatch(/^sender\./);
	});

	// The earlier process had been asked too: its answer counted for the one that replaced it, which was never asked.
	it("does not take an answer of a former process for one of the present process", async () => {
		const { sender, gateway, fanOut, tell } = await startPair();
		const asked: string[] = [];
		hearAll<{ id: string }>(gateway, "sse.hello", ({ params }) => void asked.push(params.id));
		// another process has the name, and does not answer
		tell("next");
		await eventually(() => expect(asked).not.toEqual([]));
		const { instanceID: instance } = sender.broker;
		await sender.broker.broadcast("sse.position", {
			...{ epoch: "aaaaaaaa", seq: 0, up: 1000, instance, re: asked }
		});
		expect(fanOut.receiver.isDegraded).toBe(true);
	});

	// With a discoverer that looks for nodes now and then, a short-lived job was known to no node that could have reported it.
	it("has its node report to others which process has ended, known to Moleculer or not", async () => {
		const namespace = crypto.randomUUID();
		type Handle = (command: string, packet: { payload: { sender: string } }) => unknown;
		const deaf = {
			transitMessageHandler:
				(next: Handle): Handle =>
				(command, packet) =>
					command === "INFO" && packet.payload.sender === "job" ? undefined : next(command, packet)
		};
		const broker = { ...memberOf(namespace, "gw"), middlewares: [deaf as never] };
		const gateway = new TestGateway(new TestNode({ broker }));
		const [other, job] = ["other", "job"].map(
			nodeID => new TestNode({ broker: memberOf(namespace, nodeID) })
		) as [TestNode, TestNode];
		await Promise.all([gateway, other, job].map(node => node.broker.start()));
		await meet(other.broker, gateway.broker);
		await eventually(() => {
			const listeners = job.broker.registry.events.getAllEndpoints("sse.position");
			expect(listeners.map(({ id }: { id: string }) => id)).toContain("gw");
		});
		const { instanceID } = job.broker;
		await job.broker.stop();
		expect(gateway.broker.registry.nodes.get("job")).toBeUndefined();
		const told: unknown[] = [];
		hearAll<{ gone?: unknown }>(
			gateway,
			"sse.position",
			({ params }) => void told.push(params.gone)
		);
		await eventually(async () => {
			await other.broker.broadcast("sse.hello", { id: "other.abcdefgh.1", to: ["gw"] });
			expect(told).toContainEqual([["job", instanceID, expect.any(Number)]]);
		});
	});
});
