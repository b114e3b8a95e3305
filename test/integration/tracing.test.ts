import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import {
	type BrokerOptions,
	type Middleware,
	type ServiceBroker,
	type ServiceSchema,
	type Span,
	TracerExporters,
	type TracerOptions
} from "moleculer";
import type { Bus } from "../../mixins/sse/bus/bus.ts";
import type { MakeBus } from "../../mixins/sse/bus/sender-middleware.ts";
import { SseError, type SseMixinOptions } from "../../mixins/sse/index.ts";
import { reportIfUnhandled } from "../../mixins/sse/moleculer/broadcast/unhandled-rejection.ts";
import { FLOOD, openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import {
	type GatewaySetup,
	type NodeSetup,
	startGateway,
	TestGateway,
	TestNode
} from "../support/gateway/gateway.ts";
import { HandBus } from "../support/gateway/hand-bus.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { MemoryBus, SharedMemory } from "../support/gateway/memory-bus.ts";
import { Zipkin } from "../support/zipkin.ts";

const NEWS = "news";
const event = (payload: unknown = 1, sessionId = "A") => ({ eventName: NEWS, sessionId, payload });

type Tracing = TracerOptions;

const ORDERS: ServiceSchema = {
	name: "orders",
	actions: {
		pay: ctx => ctx.broadcast("sse.send", event("paid")),
		later(ctx) {
			setImmediate(() => ctx.broadcast("sse.send", event("later")));
		},
		ship: ctx => ctx.broadcast("orders.shipped")
	},
	events: {
		"orders.shipped": { context: true, handler: ctx => ctx.broadcast("sse.send", event("shipped")) }
	}
};

/** A gateway on one node, and {@link ORDERS} on another one. */
async function startNodes(
	tracing: { readonly gateway: Tracing; readonly sender: Tracing },
	middlewares: NonNullable<BrokerOptions["middlewares"]> = []
): Promise<{ gateway: TestGateway; sender: TestNode }> {
	const namespace = crypto.randomUUID();
	const gateway = new TestGateway(
		new TestNode({ broker: { ...memberOf(namespace, "gateway-1"), tracing: tracing.gateway } })
	);
	const broker = { ...memberOf(namespace, "sender-1"), tracing: tracing.sender, middlewares };
	const sender = new TestNode({ broker, services: [ORDERS] });
	await Promise.all([gateway.broker.start(), sender.broker.start()]);
	await meet(gateway.broker, sender.broker);
	return { gateway, sender };
}

/** Both on one node. */
const startNode = (tracing: Tracing, setup: GatewaySetup & NodeSetup = {}): Promise<TestGateway> =>
	startGateway({ ...setup, broker: { tracing }, services: [ORDERS] });

const open = (gateway: TestGateway, session = "A"): Promise<StreamClient> =>
	openStream(gateway.url(NEWS), { session });

/** Names of the plugin's own spans. */
const ownNames = ({ spans }: Zipkin): string[] =>
	spans.map(({ name }) => name).filter(name => name.startsWith("sse."));

describe("an event from one node to another", () => {
	it("is one span at its sender, a child of the action's, and one at the gateway, a child of that", async () => {
		const zipkin = await Zipkin.start();
		const printed = { gateway: [] as string[], sender: [] as string[] };
		const tracing = (node: keyof typeof printed): Tracing =>
			zipkin.tracing({}, [consoleTo(printed[node])]);
		const { gateway, sender } = await startNodes({
			gateway: tracing("gateway"),
			sender: tracing("sender")
		});
		const client = await open(gateway);
		await open(gateway);
		printed.gateway.length = 0;
		await sender.broker.call("orders.pay");
		await client.next(NEWS);

		const [action] = await zipkin.next("action 'orders.pay'");
		const [send, ...otherSends] = await zipkin.next("sse.send");
		const [deliver, ...otherDeliveries] = await zipkin.next("sse.deliver");
		expect([otherSends, otherDeliveries]).toEqual([[], []]);
		expect(send).toMatchObject({
			traceId: action?.traceId,
			parentId: action?.id,
			localEndpoint: { serviceName: "orders" },
			tags: { eventName: NEWS, bytes: "6", nodeID: "sender-1" }
		});
		const bytes = client.text.slice(client.text.search(/^id: sender-1/m)).length;
		expect(deliver).toMatchObject({
			traceId: action?.traceId,
			parentId: send?.id,
			localEndpoint: { serviceName: "api" },
			tags: { eventName: NEWS, streams: "2", bytes: String(bytes), nodeID: "gateway-1" }
		});
		expect(deliver?.tags).not.toHaveProperty("reset");
		expect(deliver?.tags).not.toHaveProperty("dropped");
		// what Moleculer's console prints, on each node
		expect(printed.sender.join("\n")).toMatch(/action 'orders\.pay'.*\n.*└─── sse\.send /);
		expect(printed.sender.join("\n")).not.toContain("sse.deliver");
		expect(printed.gateway.join("\n")).toMatch(/Total: 1 .*\n.*\n.*│ sse\.deliver /);
		expect(printed.gateway.join("\n")).not.toContain("sse.send");
	});

	it("has no spans, and its packet nothing for them, if its sender does not trace", async () => {
		const zipkin = await Zipkin.start();
		const packets: { event: string; data: object }[] = [];
		const { gateway, sender } = await startNodes({ gateway: zipkin.tracing(), sender: OFF }, [
			recordEvents(packets)
		]);
		const client = await open(gateway);
		await sender.send(event());
		await client.next(NEWS);
		gateway.broker.tracer.startSpan("last").finish();

		await zipkin.next("last");
		expect(ownNames(zipkin)).toEqual([]);
		const [packet] = packets.filter(({ event }) => event === "sse.send");
		expect(packet).toMatchObject({ tracing: null, parentID: null });
		expect(Object.keys(packet?.data ?? {})).toEqual(["eventName", "sessionId", "json", "id"]);
	});

	it("has only its sender's span if the gateway does not trace", async () => {
		const zipkin = await Zipkin.start();
		const { gateway, sender } = await startNodes({ gateway: OFF, sender: zipkin.tracing() });
		const client = await open(gateway);
		await sender.send(event());
		await client.next(NEWS);

		await zipkin.next("sse.send");
		expect(ownNames(zipkin)).toEqual(["sse.send"]);
	});
});

/** A bus that takes nothing. */
class FullBus extends MemoryBus {
	override readonly publish: Bus["publish"];

	constructor(broker: ServiceBroker, complaints: string[]) {
		super(new SharedMemory(), broker);
		this.publish = () =>
			reportIfUnhandled(
				Promise.reject(new SseError("SSE_BUS_UNAVAILABLE", "the outbox is full")),
				({ message }) => complaints.push(message)
			);
	}
}

const OFF: Tracing = { enabled: false };

function consoleTo(lines: string[]): object {
	return {
		type: "Console",
		options: { colors: false, logger: (line: string) => lines.push(line) }
	};
}

type SendText = (topic: string, data: unknown, meta: { packet: SentPacket }) => unknown;

interface SentPacket {
	type: string;
	payload: { event: string; data: object };
}

/** A middleware that records which events leave a node. */
function recordEvents(packets: SentPacket["payload"][]): Middleware {
	return {
		transporterSend:
			(next: SendText): SendText =>
			(topic, data, meta) => {
				if (meta.packet.type === "EVENT") packets.push({ ...meta.packet.payload });
				return next(topic, data, meta);
			}
	} as never;
}

describe("an event", () => {
	it("is a child of the span of an action that has ended", async () => {
		const zipkin = await Zipkin.start();
		const { broker } = await startNode(zipkin.tracing());
		await broker.call("orders.later");

		const [send] = await zipkin.next("sse.send");
		const [action] = await zipkin.next("action 'orders.later'");
		expect(send).toMatchObject({ traceId: action?.traceId, parentId: action?.id });
	});

	it("has a trace of its own if it is sent outside of any", async () => {
		const zipkin = await Zipkin.start();
		const gateway = await startNode(zipkin.tracing());
		await open(gateway);
		await gateway.send(event());

		const [deliver] = await zipkin.next("sse.deliver");
		const [send] = await zipkin.next("sse.send");
		expect(send).toMatchObject({ traceId: send?.id, parentId: null });
		expect(deliver).toMatchObject({ traceId: send?.id, parentId: send?.id });
	});

	it("that the handler of another event sends belongs to the span in which that was sent, or to its own", async () => {
		for (const events of [false, true]) {
			const zipkin = await Zipkin.start();
			const { broker } = await startNode(zipkin.tracing({ events }));
			await broker.call("orders.ship");

			const [send] = await zipkin.next("sse.send");
			const [action] = await zipkin.next("action 'orders.ship'");
			const [handler] = events ? await zipkin.next("event 'orders.shipped' in 'orders'") : [action];
			expect(send).toMatchObject({ traceId: action?.traceId, parentId: handler?.id });
		}
	});

	it("that is given a span belongs to it", async () => {
		const zipkin = await Zipkin.start();
		const { broker } = await startNode(zipkin.tracing());
		const parentSpan = broker.tracer.startSpan("import");
		await broker.broadcast("sse.send", event(), { parentSpan });
		parentSpan.finish();

		const [send] = await zipkin.next("sse.send");
		const [parent] = await zipkin.next("import");
		expect(send).toMatchObject({ traceId: parent?.traceId, parentId: parent?.id });
	});

	it("of a node without the middleware is a child of the span that sent it", async () => {
		const zipkin = await Zipkin.start();
		const gateway = await startNode(zipkin.tracing(), { middleware: false });
		await open(gateway);
		await gateway.broker.call("orders.pay");

		const [deliver] = await zipkin.next("sse.deliver");
		const [action] = await zipkin.next("action 'orders.pay'");
		expect(deliver).toMatchObject({ traceId: action?.traceId, parentId: action?.id });
		expect(zipkin.named("sse.send")).toEqual([]);
	});

	it("shows why it could not be sent, and is logged if nobody awaits it", async () => {
		const zipkin = await Zipkin.start();
		const complaints: string[] = [];
		const makeBus: MakeBus = broker => new FullBus(broker, complaints);
		const gateway = await startNode(zipkin.tracing(), { makeBus });
		await expect(gateway.send(event())).rejects.toMatchObject({ type: "SSE_BUS_UNAVAILABLE" });
		void gateway.send(event());

		const [one, other] = await zipkin.next("sse.send", 2);
		expect(one?.tags).toMatchObject({ "error.type": "SSE_BUS_UNAVAILABLE" });
		expect(other?.tags).toMatchObject({ "error.type": "SSE_BUS_UNAVAILABLE" });
		await eventually(() => expect(complaints).toEqual(["the outbox is full"]));
	});

	it.each<[string, SseMixinOptions, object]>([
		["is too large there", { limits: { eventBytes: 100 } }, event("x".repeat(200))],
		["is for everyone there, and not public", { events: { [NEWS]: {} } }, event(1, "*")]
	])("shows how many of its streams a gateway drops it for, because it %s", async (_, sse, bad) => {
		const zipkin = await Zipkin.start();
		const gateway = await startNode(zipkin.tracing(), { sse });
		await gateway.send(bad);
		await open(gateway);
		await open(gateway);
		await gateway.send(bad);

		const [deliver, ...others] = await zipkin.next("sse.deliver");
		expect(others).toEqual([]);
		expect(deliver?.tags).toMatchObject({
			streams: "2",
			dropped: "2",
			"error.type": "SSE_INVALID_EVENT"
		});
	});

	it.each([
		["dropOldest", 64 * 1024, { reset: "1" }],
		["disconnect", 64 * 1024, { dropped: "1" }]
	] as const)("shows what slow clients miss, with %s", async (policy, maxBytes, lost) => {
		const zipkin = await Zipkin.start();
		const gateway = await startNode(zipkin.tracing(), { sse: { buffer: { policy, maxBytes } } });
		const slow = await open(gateway);
		const other = await open(gateway, "B");
		slow.stall();
		await gateway.send(event(FLOOD));
		await eventually(() => expect(zipkin.named("sse.deliver")).toHaveLength(1));
		// two that wait together are too much
		for (const n of [1, 2]) {
			await gateway.send(event(`${n}`.repeat(40_000), "*"));
			await other.next(NEWS, n);
			await turn();
		}

		const deliveries = await zipkin.next("sse.deliver", 3);
		expect(deliveries[0]?.tags).not.toHaveProperty("dropped");
		expect(deliveries.slice(1).map(({ tags }) => tags)).toContainEqual(
			expect.objectContaining({ streams: "2", ...lost })
		);
	});

	// Each event said of a slow client that it missed something, long after that.
	it("shows what slow clients miss once, with the event at which that happens", async () => {
		const zipkin = await Zipkin.start();
		const buffer = { policy: "dropOldest", maxBytes: 64 * 1024 } as const;
		const gateway = await startNode(zipkin.tracing(), { sse: { buffer } });
		const slow = await open(gateway);
		const other = await open(gateway, "B");
		slow.stall();
		await gateway.send(event(FLOOD));
		await eventually(() => expect(zipkin.named("sse.deliver")).toHaveLength(1));
		for (const n of [1, 2, 3, 4, 5]) {
			await gateway.send(event(`${n}`.repeat(40_000), "*"));
			await other.next(NEWS, n);
			await turn();
		}

		const deliveries = await zipkin.next("sse.deliver", 6);
		expect(deliveries.filter(({ tags }) => tags.reset === "1")).toHaveLength(1);
		expect(deliveries.filter(({ tags }) => tags.streams === "2")).toHaveLength(5);
	});
});

describe("a trace has no span", () => {
	it("for a gateway without a stream for the event, for streams, heartbeats and revocations", async () => {
		const zipkin = await Zipkin.start();
		const gateway = await startNode(zipkin.tracing(), { sse: { heartbeat: 20 } });
		const client = await open(gateway);
		await client.next("sse.heartbeat", 2);
		await gateway.send(event("not here", "B"));
		await gateway.broker.broadcast("sse.close", { sessionId: "A" });
		await client.end;
		// these end later than all of that
		await open(gateway);
		await gateway.send(event("here"));

		await zipkin.next("sse.deliver");
		await zipkin.next("sse.send", 2);
		expect(ownNames(zipkin).sort()).toEqual(["sse.deliver", "sse.send", "sse.send"]);
	});

	it("for events that a client comes back for", async () => {
		const zipkin = await Zipkin.start();
		const gateway = await startNode(zipkin.tracing());
		const client = await open(gateway);
		const { id } = await client.next("sse.open");
		client.close();
		await eventually(() => expect(gateway.held.streams).toBe(0));
		await gateway.send(event("missed"));
		const headers = { "Last-Event-ID": String(id) };
		const back = await openStream(gateway.url(NEWS), { session: "A", headers });
		await back.next(NEWS);
		await gateway.send(event("live"));

		const [deliver, ...others] = await zipkin.next("sse.deliver");
		await zipkin.next("sse.send", 2);
		expect(others).toEqual([]);
		const [, live] = zipkin.named("sse.send");
		expect(deliver?.parentId).toBe(live?.id);
	});

	// One that was refused had a span on gateways that read the past while they served streams.
	it("of an event of the past, whether it is kept or dropped", async () => {
		const spans: Span[] = [];
		const exporter = new TestExporter({ spanFinished: span => void spans.push(span) });
		const tracing = { enabled: true, exporter: exporter as never };
		const sse = { limits: { eventBytes: 10 } };
		const { bus, gateway } = await HandBus.start(sse, { tracing });
		const client = await open(gateway);
		const give = (n: number, payload: unknown, past?: number): void =>
			bus.subscriber.receive(event(payload), {
				nodeID: "sender",
				id: `${n}-50`,
				trace: { traceID: "trace", spanID: `span-${n}` },
				...(past !== undefined && { past })
			});
		const past = Date.now() - 1000;
		give(1, "past", past);
		give(2, "too large, and past", past);
		give(3, "too large");
		give(4, "live");
		await client.next(NEWS);

		await eventually(() => expect(spans).toHaveLength(2));
		expect(spans.map(({ parentID }) => parentID)).toEqual(["span-3", "span-4"]);
	});

	it("if it is not sampled", async () => {
		const zipkin = await Zipkin.start();
		const gateway = await startNode(zipkin.tracing({ sampling: { rate: 0 } }));
		const client = await open(gateway);
		await gateway.send(event());
		await gateway.broker.call("orders.pay");
		await client.next(NEWS, 2);
		gateway.broker.tracer.startSpan("last", { sampled: true }).finish();

		await zipkin.next("last");
		expect(zipkin.spans).toHaveLength(1);
	});

	it("more, or less, than the root's sampling says", async () => {
		const zipkin = await Zipkin.start();
		const gateway = await startNode(zipkin.tracing({ sampling: { rate: 0.5 } }));
		const client = await open(gateway);
		const before = zipkin.spans.length;
		for (let n = 1; n <= 10; n++) await gateway.send(event(n));
		await client.next(NEWS, 10);

		await zipkin.next("sse.deliver", 5);
		const names = zipkin.spans.slice(before).map(({ name }) => name);
		expect(names.filter(name => name === "sse.send")).toHaveLength(5);
		expect(names.filter(name => name === "sse.deliver")).toHaveLength(5);
	});
});

/** What an exporter does to the plugin's own spans. */
interface Exporting {
	readonly spanStarted?: (span: Span) => void;
	readonly spanFinished?: (span: Span) => void;
}

class TestExporter extends TracerExporters.Base {
	readonly #exporting: Exporting;

	constructor(exporting: Exporting) {
		super({});
		this.#exporting = exporting;
	}

	override spanStarted(span: Span): void {
		if (span.name.startsWith("sse.")) this.#exporting.spanStarted?.(span);
	}

	override spanFinished(span: Span): void {
		if (span.name.startsWith("sse.")) this.#exporting.spanFinished?.(span);
	}
}

function fail(): never {
	throw new Error("the collector is full");
}

describe("an exporter that fails", () => {
	const FULL = "the collector is full";
	const FROZEN = "Cannot add property bytes, object is not extensible";
	it.each<[string, Exporting, [name: string, reason: string][]]>([
		["throws at the beginning of a span", { spanStarted: fail }, [["sse.send", FULL]]],
		[
			"throws at the end of a span",
			{ spanFinished: fail },
			[
				["sse.send", FULL],
				["sse.deliver", FULL]
			]
		],
		[
			"does not let a span change any more",
			{ spanStarted: ({ tags }) => void Object.freeze(tags) },
			[
				["sse.send", FROZEN],
				["sse.deliver", FROZEN]
			]
		]
	])("costs no event, and is logged, if it %s", async (_, exporting, expected) => {
		const exporter = new TestExporter(exporting);
		const gateway = await startNode({ enabled: true, exporter: exporter as never });
		const client = await open(gateway);
		const count = 20;
		for (let n = 1; n <= count; n++) await expect(gateway.send(event(n))).resolves.not.toThrow();
		await client.next(NEWS, count);

		expect(client.received(NEWS)).toEqual(Array.from({ length: count }, (_, n) => n + 1));
		const told = expected.map(
			([name, reason]) => `SSE: a span "${name}" was not exported: ${reason}`
		);
		await eventually(() => expect(gateway.log.at("error").slice(0, expected.length)).toEqual(told));
	});
});
