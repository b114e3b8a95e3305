import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import type { Context, ServiceSchema } from "moleculer";
import { openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import {
	gatewaySchema,
	startUnfinished,
	TestGateway,
	TestNode
} from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";

const NEWS = "news";
const toAll = (payload: unknown) => ({ eventName: NEWS, sessionId: "*", payload });
const names = ({ events }: StreamClient) => events.map(({ event }) => event);
const place = ({ events }: StreamClient) => events.findLast(({ id }) => id)?.id as string;

function open(gateway: TestGateway, lastEventId?: string) {
	const headers = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId };
	return openStream(gateway.url(NEWS), { session: "A", headers });
}

/** A service that keeps senders' reports. */
function listener(heard: { nodeID: string | null; params: Record<string, unknown> }[]) {
	return {
		name: "listener",
		events: {
			"sse.position": (ctx: Context<Record<string, unknown>>) => {
				heard.push({ nodeID: ctx.nodeID, params: ctx.params });
			}
		}
	} as unknown as ServiceSchema;
}

/** A sender that has sent something, and its reports from now on. */
async function startSpeaking() {
	const { sender } = await startPair();
	await sender.send(toAll(1));
	// after what is left of the meeting
	await sleep(100);
	const { calls } = jest.spyOn(sender.broker, "broadcast").mock;
	type Call = [name: string, params: { age?: number; end?: boolean }];
	const said = () =>
		(calls as unknown as Call[]).flatMap(([name, params]) =>
			name === "sse.position" ? [params] : []
		);
	return { sender, said };
}

/** A cluster of a sender and a gateway that know each other. */
async function startPair(services: ServiceSchema[] = []) {
	const namespace = crypto.randomUUID();
	const sender = new TestNode({ broker: memberOf(namespace, "sender") });
	const gateway = new TestGateway(new TestNode({ broker: memberOf(namespace, "gw"), services }));
	await Promise.all([sender.broker.start(), gateway.broker.start()]);
	await meet(sender.broker, gateway.broker);
	return { namespace, sender, gateway };
}

describe("a sender", () => {
	it("reports its position once it is quiet, and again, and where it ends", async () => {
		const heard: Parameters<typeof listener>[0] = [];
		const { sender } = await startPair([listener(heard)]);
		heard.length = 0;
		await sender.send(toAll(1));
		await sender.send(toAll(2));
		const own = () => heard.filter(({ nodeID }) => nodeID === "sender");
		await eventually(() => expect(own()).toHaveLength(2), { timeout: 10_000 });
		await sender.broker.stop();

		const [first, second, last] = own().map(({ params }) => params);
		expect(own()).toHaveLength(3);
		expect(first).toMatchObject({ seq: 2, epoch: expect.stringMatching(/^[0-9a-z]{8}$/) });
		expect(Number(first?.age)).toBeGreaterThanOrEqual(950);
		expect(Number(second?.age)).toBeGreaterThanOrEqual(1900);
		expect(Number(second?.up)).toBeGreaterThan(Number(second?.age));
		expect(last).toMatchObject({ seq: 2, end: true });
	});

	// One busy sequence kept the node from being quiet: the last event of any other, if it was lost, was never reported.
	it("reports a quiet sequence, and again, even if another one is busy", async () => {
		const heard: Parameters<typeof listener>[0] = [];
		const { sender } = await startPair([listener(heard)]);
		heard.length = 0;
		await sender.send(toAll(1));
		const busy = setInterval(() => {
			void sender.broker.broadcast("sse.send", toAll("busy"), { groups: ["listener"] });
		}, 50);
		try {
			// a busy one is not reported within a minute, unless this process is stopped for a second
			const ofMain = () =>
				heard.filter(
					({ nodeID, params }) => nodeID === "sender" && String(params.epoch).length === 8
				);
			await eventually(() => expect(ofMain()).toHaveLength(2), { timeout: 10_000 });
			const [first, second] = ofMain().map(({ params }) => Number(params.age));
			expect(first).toBeGreaterThanOrEqual(950);
			expect(second).toBeGreaterThanOrEqual(1900);
		} finally {
			clearInterval(busy);
		}
		const ofGroup = () => heard.filter(({ params }) => String(params.epoch).length > 8);
		const before = ofGroup().length;
		await eventually(() => expect(ofGroup().length).toBeGreaterThan(before), { timeout: 10_000 });
		expect(Number(ofGroup().at(-1)?.params.age)).toBeGreaterThanOrEqual(950);
	});

	// In a cluster that started, each node reported to all gateways once for each node and each update.
	it("reports to the first gateway that it meets at once, and to those right after it together", async () => {
		const { sender, said } = await startSpeaking();
		for (let n = 0; n < 10; n++) {
			const name = n % 2 === 0 ? "$node.connected" : "$node.updated";
			sender.broker.localBus.emit(name, { node: { id: "gw" } });
			expect(said()).toHaveLength(1);
		}
		await eventually(() => expect(said()).toHaveLength(2));
		await sender.broker.stop();
		expect(said().map(({ end }) => end)).toEqual([undefined, undefined, true]);
	});

	// One of several gateways that joined was told together with the others, and an event came first: clients that had come
	// since were told of what had been sent an hour before.
	it("tells a gateway that it has just met how old its last event is before it sends the next", async () => {
		const { sender, said } = await startSpeaking();
		for (const id of ["gw", "gw"]) {
			sender.broker.localBus.emit("$node.connected", { node: { id } });
		}
		await sender.send(toAll(2));
		const ages = said().map(({ age }) => age);
		expect(ages.slice(0, 2).every(age => Number(age) >= 90)).toBe(true);
		expect(ages).toHaveLength(2);
	});

	it("that has sent nothing reports that when asked and at the end, and otherwise nothing", async () => {
		const heard: Parameters<typeof listener>[0] = [];
		const { sender, gateway } = await startPair([listener(heard)]);
		heard.length = 0;
		await gateway.broker.broadcast("sse.hello", { id: "gw.abcdefgh.1", to: ["nobody"] });
		await gateway.broker.broadcast("sse.hello", { id: "gw.abcdefgh.2", to: ["sender"] });
		await eventually(() => expect(heard).toHaveLength(1));
		expect(heard[0]).toMatchObject({ nodeID: "sender", params: { seq: 0, age: 0 } });
		expect(heard[0]?.params).not.toHaveProperty("next");
		expect(heard[0]?.params.re).toEqual(["gw.abcdefgh.2"]);
		await sender.broker.stop();
		expect(heard.slice(1).map(({ params }) => params)).toMatchObject([{ seq: 0, end: true }]);
	});

	it("that is restarted gracefully has lost nothing", async () => {
		const { namespace, sender, gateway } = await startPair();
		const stream = await open(gateway);
		await sender.send(toAll(1));
		await stream.next(NEWS);
		await sender.broker.stop();
		const again = new TestNode({ broker: memberOf(namespace, "sender") });
		await again.broker.start();
		await meet(again.broker, gateway.broker);
		await again.send(toAll(2));
		await stream.next(NEWS, 2);
		expect(names(stream)).toEqual(["sse.open", NEWS, NEWS]);
	});

	// To Moleculer it was never gone: nobody asked for its position, and it had nothing to report. Nobody was told of what it
	// sent last.
	it("that is restarted before anybody missed it is met again, and what it sent unheard is reported", async () => {
		const { namespace, sender, gateway } = await startPair();
		const stream = await open(gateway);
		await sender.send(toAll(1));
		await stream.next(NEWS);
		// its connection is lost, and it does not know
		const { tx } = sender.broker.transit as unknown as { tx: { send(): Promise<void> } };
		tx.send = () => Promise.resolve();
		await sender.send(toAll(2));
		await sender.broker.stop();
		const again = new TestNode({ broker: memberOf(namespace, "sender") });
		await again.broker.start();
		await stream.next("sse.reset");
		expect(names(stream).slice(0, 3)).toEqual(["sse.open", NEWS, "sse.reset"]);
		expect(stream.received(NEWS)).toEqual([1]);
	});

	it("that sends before it knows the gateways has lost those events for clients that were there", async () => {
		const { namespace, gateway } = await startPair();
		const early = await open(gateway);
		const boot = {
			name: "boot",
			started() {
				// to nobody: it knows no gateway yet
				return this.broker.broadcast("sse.send", toAll("boot"), { groups: ["nobody"] });
			}
		} as ServiceSchema;
		const late = new TestNode({ broker: memberOf(namespace, "late"), services: [boot] });
		await late.broker.start();
		await meet(late.broker, gateway.broker);
		await late.send(toAll(1));
		await early.next(NEWS);
		// what is sent to some groups is no one else's loss
		expect(names(early)).toEqual(["sse.open", NEWS]);
	});

	// To all other gateways, an event for some groups was a lost one.
	it("sends to some groups in a sequence of its own", async () => {
		const namespace = crypto.randomUUID();
		const sender = new TestNode({ broker: memberOf(namespace, "sender") });
		const gateways = ["api", "admin"].map(
			name => new TestGateway(new TestNode({ broker: memberOf(namespace, name) }), { name })
		);
		await Promise.all([sender, ...gateways].map(({ broker }) => broker.start()));
		await meet(sender.broker, ...gateways.map(({ broker }) => broker));
		const streams = await Promise.all(gateways.map(gateway => open(gateway)));
		const send = (payload: unknown, groups?: string | string[]) =>
			sender.broker.broadcast("sse.send", toAll(payload), groups as never);
		await send("all 1");
		await send("api 1", "api");
		await send("both", ["admin", "api"]);
		await send("api 2", ["api"]);
		await send("all 2");
		for (const [index, stream] of streams.entries()) {
			const some = index === 0 ? ["api 1", "both", "api 2"] : ["both"];
			await stream.until(() => stream.received(NEWS).includes("all 2"), "the last event");
			expect(stream.received(NEWS)).toEqual(["all 1", ...some, "all 2"]);
			expect(names(stream)).not.toContain("sse.reset");
		}
		const ids = streams[0]?.events.flatMap(({ event, id = "" }) => (event === NEWS ? [id] : []));
		expect(ids?.map(id => id.replace(/^sender\..{8}/, ""))).toEqual([
			...[".1", "0.1", "1.1", "0.2", ".2"]
		]);
	});
});

describe("a gateway", () => {
	it("says that it is degraded until the senders know of it", async () => {
		const namespace = crypto.randomUUID();
		const sender = new TestNode({ broker: memberOf(namespace, "sender") });
		await sender.broker.start();
		const { gateway, finish } = await startUnfinished(memberOf(namespace, "gw"));
		const early = await open(gateway);
		expect(early.received("sse.open")).toMatchObject([
			{ eventNames: [NEWS], resumed: false, degraded: true }
		]);
		await sender.send(toAll("unheard"));
		await finish();
		await meet(sender.broker, gateway.broker);
		const [opened] = (await open(gateway)).received("sse.open");
		expect(opened).toMatchObject({ eventNames: [NEWS], resumed: false });
		expect(opened).not.toHaveProperty("degraded");
		await early.next("sse.reset");
		expect(names(early).slice(0, 2)).toEqual(["sse.open", "sse.reset"]);
	});

	it("that is reloaded resets nobody who missed nothing", async () => {
		const { sender, gateway } = await startPair();
		for (const node of [sender, gateway]) await node.send(toAll("before"));
		await gateway.broker.destroyService(gateway.service);
		const reloaded = gateway.broker.createService(gatewaySchema()) as TestGateway["service"];
		await meet(sender.broker, gateway.broker);
		const port = (reloaded.server.address() as { port: number }).port;
		const stream = await openStream(`http://127.0.0.1:${port}/sse/event-stream?eventName=${NEWS}`, {
			session: "A"
		});
		for (const node of [sender, gateway]) await node.send(toAll("after"));
		await stream.next(NEWS, 2);
		expect(names(stream).filter(name => name !== "sse.heartbeat")).toEqual([
			"sse.open",
			...[NEWS, NEWS]
		]);
	});

	// The id of another sender's event moved a client past the last event of a sender, to a gateway that had that event.
	it("gives no id after a sender has left without a report, until that is reported", async () => {
		const { sender, gateway } = await startPair();
		const stream = await open(gateway);
		await sender.send(toAll(1));
		await stream.next(NEWS);
		const { nodes } = gateway.broker.registry;
		nodes.disconnected("sender", true);
		await gateway.send(toAll(2));
		await stream.next(NEWS, 2);
		expect(stream.events.at(-1)?.id).toBeUndefined();
		const { fanOut } = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway"));
		expect(fanOut.isWhole).toBe(false);
	});

	// On a fresh cluster there was no place that two gateways knew: a client that was cut off then was reset, or missed
	// something.
	it("lets a client continue that comes from another one before anything was sent", async () => {
		const { namespace, sender, gateway } = await startPair();
		const other = new TestGateway(new TestNode({ broker: memberOf(namespace, "other") }));
		await other.broker.start();
		await meet(sender.broker, gateway.broker, other.broker);
		const first = await open(gateway);
		first.close();
		await sender.send(toAll("meanwhile"));
		const second = await open(other, place(first));
		expect(second.received("sse.open")).toMatchObject([{ eventNames: [NEWS], resumed: true }]);
		await second.next(NEWS);
		expect(second.received(NEWS)).toEqual(["meanwhile"]);
		expect(names(second)).not.toContain("sse.reset");
	});

	// Moleculer 0.15 drops what others send to a broker that was stopped: nobody was ever told of what was missing.
	it("that starts again in its process resumes nothing, and says if it hears nobody", async () => {
		const { sender, gateway } = await startPair();
		const stream = await open(gateway);
		await sender.send(toAll(1));
		await stream.next(NEWS);
		await eventually(() => expect(place(stream)).toBeDefined());
		await gateway.broker.stop();
		await sender.send(toAll(2));
		await gateway.broker.start();

		const back = await open(gateway, place(stream));
		await back.next("sse.reset");
		expect(gateway.log.at("error").join()).toMatch(/was stopped before.*new ServiceBroker/);
	});

	// The node was given up after a quarter of a minute, and what it sent was silently missed.
	it("that gets no answer from a sender is degraded, and logs that", async () => {
		const { gateway } = await startPair();
		const mute = {
			name: "$sse",
			events: { "sse.hello": () => sleep(0) }
		} as unknown as ServiceSchema;
		const namespace = gateway.broker.namespace;
		const silent = new TestNode({
			middleware: false,
			broker: memberOf(namespace, "silent"),
			services: [mute]
		});
		await silent.broker.start();
		await eventually(async () => {
			const stream = await open(gateway);
			stream.close();
			expect(stream.received("sse.open")[0]).toMatchObject({ degraded: true });
		});
		await eventually(
			() => expect(gateway.log.at("warn").join()).toContain("the node 'silent' does not answer"),
			{ timeout: 20_000 }
		);
		const late = await open(gateway);
		expect(late.received("sse.open")[0]).toMatchObject({ degraded: true });
		await gateway.send(toAll(1));
		await late.next(NEWS);
		expect(late.events.at(-1)?.id).toBeUndefined();
		// a node that is no sender any more is not waited for
		await silent.broker.destroyService("$sse");
		await eventually(
			async () => {
				const stream = await open(gateway);
				stream.close();
				expect(stream.received("sse.open")[0]).not.toHaveProperty("degraded");
			},
			{ timeout: 10_000 }
		);
		await silent.broker.stop();
	});
});
