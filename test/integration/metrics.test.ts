import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { BrokerOptions } from "moleculer";
import { Errors } from "moleculer";
import { maxSeries } from "../../mixins/sse/core/metrics/series.ts";
import type { EventsContract, SseMixinOptions } from "../../mixins/sse/index.ts";
import { refusal, send as request } from "../support/clients/request.ts";
import {
	FLOOD,
	openStream,
	requestStream,
	type StreamClient
} from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import {
	type GatewaySetup,
	type NodeSetup,
	startGateway,
	TestGateway,
	TestNode
} from "../support/gateway/gateway.ts";
import { give } from "../support/gateway/give.ts";
import { HandBus } from "../support/gateway/hand-bus.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import {
	allSeries,
	MOVED,
	metric,
	metricsBecome,
	OF_RABBITMQ,
	readMetrics
} from "../support/gateway/metrics.ts";
import { TICKET_SECRET } from "../support/gateway/tickets.ts";
import { freePort } from "../support/processes/ports.ts";

const NEWS = "news";
const EVENTS: EventsContract = { [NEWS]: { audience: "public", conflate: true } };

const start = ({ broker, ...setup }: GatewaySetup & NodeSetup = {}) =>
	startGateway({ ...setup, broker: { metrics: true, ...broker } });

const open = (gateway: TestGateway, session = "A", lastEventId?: string) =>
	openStream(gateway.url(NEWS), {
		session,
		headers: lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId }
	});

const news = (payload: unknown, sessionId: string = "A") => ({
	eventName: NEWS,
	sessionId,
	payload
});
const place = ({ events }: StreamClient) => events.findLast(({ id }) => id)?.id as string;

describe("streams", () => {
	it("count when they open, with the time that it took, and when their clients leave", async () => {
		const gateway = await start();
		const stream = await open(gateway);
		await metricsBecome(gateway.broker, {
			"streams.open": 1,
			"streams.opened": 1,
			"opening.time": 1,
			"streams.closed{client}": 0
		});
		stream.close();
		await metricsBecome(gateway.broker, {
			"streams.open": 0,
			"streams.opened": 1,
			"streams.closed{client}": 1
		});
	});

	// An action that lasts as long as its stream would be in every dashboard as a slow request.
	it("are requests that have ended to Moleculer's own metrics, while they live", async () => {
		const gateway = await start({ sse: { heartbeat: 20 } });
		const requests = () =>
			gateway.broker.metrics
				.list({ includes: ["moleculer.request.time", "moleculer.request.active"] })
				.map(({ name, values }) => [name, JSON.stringify(values, ["value", "count", "sum"])]);
		const stream = await open(gateway);
		await stream.next("sse.heartbeat", 1);
		const before = requests();
		await stream.next("sse.heartbeat", 5);
		stream.close();
		await metricsBecome(gateway.broker, { "streams.open": 0 });

		expect(Object.fromEntries(before)["moleculer.request.time"]).toContain('"count":1');
		expect(requests()).toEqual(before);
	});
});

describe("requests that get no stream", () => {
	/** What was counted of them: the reasons that are not 0. */
	const refused = (gateway: TestGateway) =>
		Object.fromEntries(
			[...readMetrics(gateway.broker)].flatMap(([series, count]) => {
				const [, reason] = /streams\.refused\{(.*)\}/.exec(series) ?? [];
				return reason === undefined || count === 0 ? [] : [[reason, count]];
			})
		);

	it.each([
		["invalid", 400, {}, "?", {}],
		["method", 405, {}, "?eventName=news", { method: "POST" }],
		["accept", 406, {}, "?eventName=news", { headers: { accept: "text/html" } }],
		["unauthorized", 401, { session: () => null }, "?eventName=news", {}],
		["forbidden", 403, { authorize: () => false }, "?eventName=news", {}]
	])("count as %s if they are answered with %i", async (reason, status, sse, query, options) => {
		const gateway = await start({ sse });
		const url = gateway.at("/sse/event-stream") + query;
		expect((await refusal(url, options)).status).toBe(status);

		expect(refused(gateway)).toEqual({ [reason]: 1 });
	});

	it.each([
		["unavailable", new Error("the store is down"), 500],
		["unauthorized", new Errors.MoleculerClientError("who?", 401), 401],
		["other", new Errors.MoleculerClientError("gone for good", 410), 410]
	])("count as %s if their route throws, and once: %s", async (reason, thrown, status) => {
		const routes = [
			{
				path: "/live",
				aliases: { "GET /": { type: "sse" } },
				onBeforeCall: () => Promise.reject(thrown)
			}
		];
		for (const refusals of ["stream", "http"] as const) {
			const gateway = await start({ settings: { routes }, sse: { path: null, refusals } });
			const { status: answered } = await request(gateway.at("/live", NEWS));
			expect(answered).toBe(refusals === "stream" && status === 500 ? 200 : status);

			expect(refused(gateway)).toEqual({ [reason]: 1 });
		}
	});

	it("count as unavailable if what they ask fails temporarily", async () => {
		const gateway = await start({ sse: { session: () => Promise.reject(new Error("down")) } });
		const stream = await requestStream(gateway.url(NEWS));
		await stream.end;

		expect(stream.received("sse.close")).toEqual([{ reason: "unavailable" }]);
		expect(refused(gateway)).toEqual({ unavailable: 1 });
	});

	it("count as revoked if they are while they are judged, and as gone if their client leaves", async () => {
		const gates = [createGate(), createGate()];
		const ids = ["A", "B"];
		const gateway = await start({
			sse: {
				session: async () => {
					const id = ids.shift() as string;
					await gates[id === "A" ? 0 : 1]?.wait();
					return id;
				}
			}
		});
		const revoked = requestStream(gateway.url(NEWS));
		await gates[0]?.reached;
		await gateway.broker.broadcast("sse.close", { sessionId: "A", reason: "banned" });
		gates[0]?.open();
		expect((await revoked).status).toBe(200);

		const { port, hostname } = new URL(gateway.origin);
		const socket = connect(Number(port), hostname);
		socket.write(`GET /sse/event-stream?eventName=news HTTP/1.1\r\nHost: x\r\n\r\n`);
		await gates[1]?.reached;
		socket.destroy();
		await turn();
		await eventually(async () => expect(await connections(gateway)).toBe(0));
		gates[1]?.open();
		await eventually(() => expect(refused(gateway)).toEqual({ revoked: 1, gone: 1 }));
	});

	// A client whose EventSource has stopped asks by HEAD why: each refusal counted twice, and each ticket.
	it.each<[string, number, SseMixinOptions, string]>([
		["nothing", 200, {}, "?eventName=news"],
		["a bad request", 400, {}, "?"],
		["no session", 401, { session: () => null }, "?eventName=news"],
		["no right", 403, { authorize: () => false }, "?eventName=news"],
		["a bad ticket", 401, { ticket: { secret: TICKET_SECRET } }, "?eventName=news&ticket=x"],
		["a limit", 200, { limits: { streamsPerSession: 1 } }, "?eventName=news"],
		["a failure", 200, { session: () => Promise.reject(new Error("down")) }, "?eventName=news"]
	])(
		"do not count if they are a HEAD, whatever is in the way: %s",
		async (what, status, sse, query) => {
			const gateway = await start({ sse });
			if (what === "a limit") await open(gateway);
			const url = gateway.at("/sse/event-stream") + query;
			expect((await request(url, { method: "HEAD" })).status).toBe(status);

			expect(refused(gateway)).toEqual({});
			const others = [...readMetrics(gateway.broker)].filter(([series, count]) => {
				return /^moleculer\.sse\.(limits\.reached|tickets\.refused)/.test(series) && count > 0;
			});
			expect(others).toEqual([]);
		}
	);

	it("do not count if they are for another route", async () => {
		const gateway = await start({
			settings: { routes: [{ path: "/api", aliases: { "GET /x": "no.such.action" } }] }
		});
		await request(`${gateway.origin}/api/x`);
		await request(`${gateway.origin}/nothing`);

		expect(refused(gateway)).toEqual({});
	});

	it.each([
		["streams", { streams: 1 }],
		["streamsPerSession", { streamsPerSession: 1 }],
		["streamsPerIp", { streamsPerIp: 1 }],
		["opensPerSecond", { opensPerSecond: 1 }],
		["eventNames", { eventNames: 1 }]
	])("count as limit, and by the limit: %s", async (limit, limits) => {
		const gateway = await start({ sse: { limits } });
		await open(gateway);
		const second = await requestStream(gateway.url(NEWS), { session: "A" });
		await second.end;

		expect(second.received("sse.close")).toEqual([{ reason: "limit" }]);
		expect(refused(gateway)).toEqual({ limit: 1 });
		expect(metric(gateway.broker, `limits.reached{${limit}}`)).toBe(1);
	});
});

const connections = ({ service: { server } }: TestGateway) =>
	new Promise<number>((resolve, reject) =>
		server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
	);

describe("streams that end", () => {
	it("count by their reason: timeout, expired, limit and revoked, whatever a service gives as its reason", async () => {
		const lives = await start({ sse: { timeout: 50 } });
		await (await open(lives)).end;
		await metricsBecome(lives.broker, { "streams.closed{timeout}": 1 });

		const clocks = stubClocks();
		const ends = await start({
			sse: { session: () => ({ ids: "A", expiresAt: Date.now() + 3_600_000 }) }
		});
		const expiring = await openStream(ends.url(NEWS));
		clocks.setWall(3_600_000);
		await expiring.end;
		await metricsBecome(ends.broker, { "streams.closed{expired}": 1 });

		const gateway = await start({ sse: { limits: { streamsPerSession: 1 } } });
		const ghost = await open(gateway);
		const stream = await open(gateway, "A", place(ghost));
		await ghost.end;
		await gateway.broker.broadcast("sse.close", { sessionId: "A", reason: "timeout" });
		await stream.end;
		await metricsBecome(gateway.broker, {
			"streams.closed{limit}": 1,
			"streams.closed{revoked}": 1,
			"streams.closed{timeout}": 0
		});
	});

	it("count while their node stops, which reports how many are left, and sends new clients on", async () => {
		const gateway = await start({ sse: { drain: 60_000 } });
		const streams = [await open(gateway), await open(gateway), await open(gateway)];
		const stopped = gateway.broker.stop();
		await eventually(() => expect(gateway.held.streams).toBe(2));
		expect(metric(gateway.broker, "streams.draining")).toBeGreaterThan(0);
		const late = await requestStream(gateway.url(NEWS), { session: "A" });
		await late.end;
		for (const stream of streams) stream.close();
		await stopped;

		const { broker } = gateway;
		const drained = metric(broker, "streams.closed{drain}") as number;
		expect(drained + (metric(broker, "streams.closed{client}") as number)).toBe(3);
		expect(drained).toBeGreaterThan(0);
		expect(metric(broker, "streams.refused{drain}")).toBe(1);
		expect(metric(broker, "streams.draining")).toBe(0);
	});

	it("count as error if code that wraps their response throws", async () => {
		const broken = (_req: unknown, res: { write: unknown }, next: () => void) => {
			let writes = 0;
			const write = res.write as (...args: unknown[]) => unknown;
			res.write = function (this: unknown, ...args: unknown[]) {
				if (++writes > 1) throw new Error("no more");
				return write.apply(this, args);
			};
			next();
		};
		const gateway = await start({
			sse: { path: null },
			settings: {
				routes: [{ path: "/live", use: [broken], aliases: { "GET /": { type: "sse" } } }]
			}
		});
		const stream = await openStream(gateway.at("/live", NEWS), { session: "A" });
		await gateway.send(news(1));
		expect(await stream.end).toBe("broken");

		await metricsBecome(gateway.broker, {
			"streams.closed{error}": 1,
			"streams.closed{client}": 0
		});
	});

	it("count as stalled if their client takes nothing; until then they are behind, with unsent bytes", async () => {
		const gateway = await start({ sse: { buffer: { maxBytes: 2 ** 26, stallTimeout: 400 } } });
		const stream = await open(gateway);
		stream.stall();
		await gateway.send(news(FLOOD));
		await eventually(() => expect(metric(gateway.broker, "streams.behind")).toBe(1));
		expect(metric(gateway.broker, "bytes.unsent")).toBeGreaterThan(100_000);

		await metricsBecome(gateway.broker, {
			"streams.closed{stalled}": 1,
			"streams.behind": 0,
			"bytes.unsent": 0
		});
	});
});

describe("streams of clients that come back", () => {
	it.each([
		["replayed", 2],
		["live", 0]
	])("count as %s if nothing was lost", async (outcome, missed) => {
		const gateway = await start();
		const first = await open(gateway);
		first.close();
		for (let n = 0; n < missed; n++) await gateway.send(news(n));
		const second = await open(gateway, "A", place(first));
		if (missed > 0) await second.next(NEWS, missed);

		await metricsBecome(gateway.broker, {
			[`streams.resumed{${outcome}}`]: 1,
			"events.replayed": missed,
			"resets.sent{gap}": 0
		});
	});

	it.each(["unknown", "expired", "epoch", "gap", "revoked"])(
		"count by their reset: %s",
		async reason => {
			const gateway = await start({
				middleware: false,
				sse: { history: { maxBytes: 65_536 } }
			});
			const first = await open(gateway);
			first.close();
			const given = { eventName: NEWS, sessionId: "A" };
			give(gateway, { ...given, id: "n.old.1", payload: 1 });
			const ids = { unknown: "forged", expired: "n.e.1", epoch: "n.old.1" };
			if (reason === "gap") give(gateway, { ...given, id: "n.old.3", payload: 3 });
			if (reason === "revoked") await gateway.broker.broadcast("sse.close", { sessionId: "A" });
			if (reason === "expired" || reason === "epoch") {
				for (let seq = 1; seq <= 10; seq++)
					give(gateway, { ...given, id: `n.e.${seq}`, payload: "x".repeat(10_000) });
			}
			if (reason === "gap")
				await eventually(() => expect(metric(gateway.broker, "gaps.found{n}")).toBe(1));
			const id: string = reason in ids ? ids[reason as keyof typeof ids] : place(first);
			const second = await open(gateway, "A", id);
			await second.next("sse.reset");

			expect(second.received("sse.reset")).toEqual([{ reason }]);
			await metricsBecome(gateway.broker, {
				[`streams.resumed{${reason}}`]: 1,
				[`resets.sent{${reason}}`]: 1
			});
		}
	);

	it("count as unknown if no history is kept", async () => {
		const gateway = await start({ sse: { history: null } });
		await open(gateway, "A", "n.e.1");

		expect(metric(gateway.broker, "streams.resumed{unknown}")).toBe(1);
		expect(metric(gateway.broker, "history.events")).toBe(0);
	});
});

describe("events", () => {
	it("count at their sender and at each gateway, by their names, with the time that they take between the nodes", async () => {
		const namespace = crypto.randomUUID();
		const node = (nodeID: string): BrokerOptions => ({
			...memberOf(namespace, nodeID),
			metrics: true
		});
		const sender = new TestNode({ broker: node("sender"), middleware: { events: EVENTS } });
		const gateway = new TestGateway(
			new TestNode({ broker: node("gw"), middleware: { events: EVENTS } }),
			{ sse: { events: EVENTS } }
		);
		await Promise.all([sender.broker.start(), gateway.broker.start()]);
		await meet(sender.broker, gateway.broker);
		const streams = [await open(gateway), await open(gateway), await open(gateway, "B")];
		await sender.send(news(1));
		await sender.send(news(2, "*"));
		await sender.send(news(3, "nobody"));
		for (const stream of streams) await stream.next(NEWS);

		await metricsBecome(sender.broker, {
			"events.sent{news}": 3,
			"bus.connected": 1,
			"bus.working": 1
		});
		await metricsBecome(gateway.broker, {
			"events.received": 3,
			"events.delivered{news}": 5,
			"delivery.time": 2
		});
		expect(metric(gateway.broker, "history.events")).toBeGreaterThan(2);
		expect(metric(gateway.broker, "history.bytes")).toBeGreaterThan(100);
		await eventually(() => expect(metric(gateway.broker, "history.age")).toBeGreaterThan(0));
		expect(metric(gateway.broker, "bytes.written")).toBeGreaterThan(100);
	});

	it("have no names without a contract, and no time that another event has left in the metadata", async () => {
		const relay = {
			name: "relay",
			events: {
				[NEWS]: (ctx: { broadcast(...args: unknown[]): unknown }) =>
					ctx.broadcast("sse.send", news("again"))
			}
		};
		const gateway = await start({ middleware: false, services: [relay as never] });
		const stream = await open(gateway);
		await gateway.broker.broadcast(NEWS, {}, {
			meta: { $sse: { sent: { id: "node-1.e.1", at: 1 } } }
		} as never);
		await stream.next(NEWS);

		expect(metric(gateway.broker, "events.delivered")).toBe(1);
		expect(metric(gateway.broker, "delivery.time")).toBeUndefined();
	});

	it("count at their sender by what is wrong with them", async () => {
		const gateway = await start({
			middleware: {
				events: { [NEWS]: { params: { n: "number" } } },
				limits: { eventBytes: 100, recipientsPerEvent: 2 }
			}
		});
		const refused = (event: unknown) =>
			expect(gateway.send(event)).rejects.toMatchObject({ type: "SSE_INVALID_EVENT" });
		await refused({ eventName: NEWS });
		await refused({ eventName: "other", sessionId: "A", payload: 1 });
		await refused(news({ n: "one" }));
		await refused(news({ n: 1 }, "*"));
		await refused(news({ n: 1, pad: "x".repeat(100) }));
		await refused({ eventName: NEWS, sessionId: ["A", "B", "C"], payload: { n: 1 } });
		await expect(gateway.broker.emit("sse.send", news({ n: 1 }))).rejects.toThrow();
		// for nobody: it is valid, and not sent
		await gateway.send({ eventName: NEWS, sessionId: [], payload: { n: 1 } });

		await metricsBecome(gateway.broker, {
			"events.refused{invalid}": 1,
			"events.refused{contract}": 3,
			"events.refused{oversized}": 2,
			"events.refused{emitted}": 1,
			"events.sent{news}": 0
		});
	});

	it("count if the transporter does not take them", async () => {
		const namespace = crypto.randomUUID();
		const gateway = await startGateway({ broker: memberOf(namespace, "gateway") });
		const node = new TestNode({ broker: { ...memberOf(namespace, "sender"), metrics: true } });
		await node.broker.start();
		await meet(node.broker, gateway.broker);
		const send = () => Promise.reject(new Error("no"));
		Object.assign(node.broker.transit?.tx ?? {}, { send });
		await node.broker.broadcast("sse.send", news(1));
		await expect(node.send(news(2))).rejects.toThrow("no");

		await metricsBecome(node.broker, { "events.sent": 2, "events.failed{transporter}": 2 });
	});

	it("count at a RabbitMQ that is away: waiting ones, and those that were given up", async () => {
		const url = `amqp://127.0.0.1:${await freePort()}`;
		const node = new TestNode({
			broker: { metrics: true, namespace: crypto.randomUUID() },
			middleware: { stream: { url, timeout: 300, outbox: { maxEvents: 3 } } }
		});
		await node.broker.start();
		await Promise.all([
			expect(node.send(news(1))).rejects.toMatchObject({ type: "SSE_BUS_UNAVAILABLE" }),
			node.broker.broadcast("sse.send", news(2)),
			node.broker.broadcast("sse.send", news(3)),
			expect(node.send(news(4))).rejects.toThrow("outbox is full"),
			metricsBecome(node.broker, { "outbox.events": 3, "bus.connected": 0, "bus.working": 0 })
		]);
		expect(metric(node.broker, "outbox.bytes")).toBeGreaterThan(50);
		await metricsBecome(node.broker, {
			"events.sent": 4,
			"events.failed{unconfirmed}": 3,
			"events.failed{full}": 1,
			"events.failed{stopped}": 0
		});
	});

	it("count if their node has stopped before RabbitMQ had them", async () => {
		const url = `amqp://127.0.0.1:${await freePort()}`;
		const node = new TestNode({
			broker: { metrics: true, namespace: crypto.randomUUID() },
			middleware: { stream: { url, timeout: 300 } }
		});
		await node.broker.start();
		const over = new AbortController();
		const stopped = node.broker.stop().then(() => over.abort());
		const sent: Promise<unknown>[] = [];
		while (!over.signal.aborted) {
			sent.push(node.broker.broadcast("sse.send", news(1)));
			await turn();
		}
		await Promise.all([stopped, ...sent]);

		expect(metric(node.broker, "events.failed{stopped}")).toBeGreaterThan(0);
	});

	it("count at a gateway by what is wrong with them", async () => {
		const events = { [NEWS]: {} };
		const gateway = await start({
			middleware: false,
			sse: { events, limits: { eventBytes: 100, recipientsPerEvent: 2 } }
		});
		await open(gateway);
		const { broker } = gateway;
		await broker.broadcast("sse.send", { eventName: NEWS });
		await broker.broadcast("sse.send", news(1, "*"));
		await broker.broadcast("sse.send", news("x".repeat(200)));
		await broker.broadcast("sse.send", { eventName: NEWS, sessionId: ["A", "B", "C"], payload: 1 });
		await broker.broadcast("sse.close", { sessionId: 1.5 });

		await metricsBecome(broker, {
			"events.received": 4,
			"events.dropped{invalid}": 1,
			"events.dropped{contract}": 1,
			"events.dropped{oversized}": 2,
			"revocations.dropped": 1,
			"events.delivered{news}": 0
		});
	});

	it.each(["disconnect", "dropOldest", "conflate"] as const)(
		"count if their client is too slow for them: %s",
		async policy => {
			const gateway = await start({
				sse: { events: { [NEWS]: {} }, heartbeat: 0, buffer: { policy, maxBytes: 65_536 } }
			});
			const stream = await open(gateway);
			stream.stall();
			await gateway.send(news(FLOOD));
			await turn();
			for (let n = 0; n < 200; n++) await gateway.send(news("x".repeat(500)));
			await turn();

			await eventually(() =>
				expect(metric(gateway.broker, `events.dropped{slow-${policy}}`)).toBeGreaterThan(0)
			);
			if (policy === "disconnect") {
				expect(metric(gateway.broker, "streams.closed{slow}")).toBe(1);
				return;
			}
			stream.resume();
			await stream.next("sse.reset");
			expect(metric(gateway.broker, "resets.sent{gap}")).toBe(1);
		}
	);

	it("count if later ones replace them, or the end of their stream comes first", async () => {
		const clocks = stubClocks();
		const gateway = await start({
			sse: {
				events: { [NEWS]: { conflate: true } },
				heartbeat: 0,
				buffer: { policy: "conflate", maxBytes: 2 ** 20 },
				session: (_ctx, { headers }) => ({
					ids: headers["x-id"] as string,
					expiresAt: headers["x-id"] === "expiring" ? Date.now() + 3_600_000 : new Date(8.64e15)
				})
			}
		});
		for (const id of ["revoked", "closed", "expiring"]) {
			const stream = await openStream(gateway.url(NEWS), { headers: { "x-id": id } });
			stream.stall();
			await gateway.send(news(FLOOD, id));
			await turn();
			for (let n = 0; n < 3; n++) await gateway.send(news(n, id));
			await turn();
			if (id === "revoked") await gateway.broker.broadcast("sse.close", { sessionId: id });
			if (id === "closed") stream.close();
		}
		clocks.setWall(3_600_000);

		await metricsBecome(gateway.broker, {
			"events.dropped{conflated}": 6,
			"events.dropped{revoked}": 1,
			"events.dropped{closed}": 1,
			"events.dropped{expired}": 1
		});
	});

	it("count in bytes, before compression and after it", async () => {
		const gateway = await start({ sse: { compression: {} } });
		const plain = await open(gateway);
		await gateway.send(news("x".repeat(5000)));
		await plain.next(NEWS);
		const encoded = metric(gateway.broker, "bytes.encoded") as number;
		expect(encoded).toBe(metric(gateway.broker, "bytes.written"));
		expect(encoded).toBe(Buffer.byteLength(plain.text));
		plain.close();

		const zipped = await requestStream(gateway.url(NEWS), {
			session: "A",
			headers: { "accept-encoding": "gzip" }
		});
		await gateway.send(news("x".repeat(5000)));
		await metricsBecome(gateway.broker, { "events.delivered": 2 });
		await turn();
		const more = (metric(gateway.broker, "bytes.encoded") as number) - encoded;
		const written = (metric(gateway.broker, "bytes.written") as number) - encoded;
		expect(more).toBeGreaterThan(5000);
		expect(written).toBeLessThan(1000);
		expect(written).toBeGreaterThan(10);
		zipped.close();
	});
});

describe("metrics of revocations, losses and tickets", () => {
	it("count revocations where they are sent and where they arrive, and wrong ones", async () => {
		const gateway = await start();
		const { broker } = gateway;
		const close = (given: unknown, options?: object) =>
			broker.broadcast("sse.close", given, options);
		await close({ sessionId: "A" });
		await close({ sessionId: [] });
		await expect(close({}, { throwError: true })).rejects.toMatchObject({
			type: "SSE_INVALID_CLOSE"
		});
		await expect(broker.emit("sse.close", { sessionId: "A" })).rejects.toThrow();

		await metricsBecome(broker, {
			"revocations.sent": 1,
			"revocations.received": 1,
			"revocations.refused{invalid}": 1,
			"revocations.refused{emitted}": 1
		});
	});

	it("count revocations that the transporter does not carry", async () => {
		const port = await freePort();
		const node = new TestNode({
			broker: {
				metrics: true,
				namespace: crypto.randomUUID(),
				transporter: { type: "TCP", options: { udpDiscovery: false, port } } as never
			}
		});
		await node.broker.start();
		const sessionId = Array.from({ length: 50_000 }, () => crypto.randomUUID());
		await expect(
			node.broker.broadcast("sse.close", { sessionId }, { throwError: true } as never)
		).rejects.toThrow();

		await metricsBecome(node.broker, {
			"revocations.refused{oversized}": 1,
			"revocations.sent": 0
		});
	});

	it("count revocations that did not arrive, as far as their sender reports them", async () => {
		const gateway = await start({ middleware: false });
		await open(gateway);
		await turn();
		const word = { epoch: "e", seq: 1, of: "close" };
		await gateway.broker.broadcast("sse.position", { ...word, seq: 0 });
		await gateway.broker.broadcast("sse.position", word);

		await metricsBecome(gateway.broker, { "revocations.missed": 1 });
	});

	it("count gaps by the node that sent what is missing, and those whose node is unknown", async () => {
		const { bus, gateway } = await HandBus.start({}, { metrics: true });
		bus.subscriber.lost();

		expect(metric(gateway.broker, "gaps.found{unknown}")).toBe(1);
		bus.subscriber.unreadable("sse.send");
		bus.subscriber.unreadable("sse.close");
		expect(metric(gateway.broker, "events.dropped{invalid}")).toBe(1);
		expect(metric(gateway.broker, "revocations.dropped")).toBe(1);
	});

	it("count tickets that are issued, used and refused", async () => {
		const gateway = await start({
			sse: {
				session: () => "alice",
				ticket: { secret: "a secret of at least 32 bytes, of a test" }
			},
			settings: { routes: [{ path: "/api", aliases: { "GET /ticket": "api.sseTicket" } }] }
		});
		const { text } = await request(`${gateway.origin}/api/ticket?eventName=news`);
		const url = `${gateway.url(NEWS)}&ticket=${encodeURIComponent(JSON.parse(text).ticket)}`;
		await openStream(url);
		expect((await refusal(url)).status).toBe(401);
		expect((await refusal(`${gateway.url(NEWS)}&ticket=forged`)).status).toBe(401);

		await metricsBecome(gateway.broker, {
			"tickets.given": 1,
			"tickets.used": 1,
			"tickets.refused": 2,
			"streams.refused{unauthorized}": 2
		});
	});
});

describe("the metrics", () => {
	it("do not exist if Moleculer's are off: nothing is registered, and nothing is sent", async () => {
		const heard: unknown[] = [];
		const listener = {
			name: "listener",
			events: { "sse.send": (ctx: { meta: unknown }) => void heard.push(ctx.meta) }
		};
		for (const metrics of [false, true]) {
			const gateway = await startGateway({
				broker: { metrics },
				services: [listener as never]
			});
			await gateway.send(news(1));
			expect(gateway.broker.metrics.hasMetric("moleculer.sse.streams.open")).toBe(metrics);
		}

		expect(heard).toEqual([
			{},
			{ $sse: { sent: { id: expect.stringMatching(/^node-1\./), at: expect.any(Number) } } }
		]);
	});

	it("cover all gateways of a node, and none that has gone", async () => {
		const gateway = await start();
		const other = new TestGateway(gateway.node, { name: "admin" });
		await gateway.broker.waitForServices("admin");
		await eventually(() => expect(other.service.server.listening).toBe(true));
		const streams = [await open(gateway), await open(other)];
		await metricsBecome(gateway.broker, { "streams.open": 2, "streams.opened": 2 });
		const gone = gateway.broker.destroyService(other.service);
		for (const stream of streams) stream.close();
		await gone;

		await metricsBecome(gateway.broker, { "streams.open": 0, "streams.opened": 2 });
	});

	it("are what Moleculer's Prometheus reporter writes", async () => {
		const port = await freePort();
		const reporter = { type: "Prometheus" as const, options: { port, host: "127.0.0.1" } };
		const gateway = await start({ broker: { metrics: { enabled: true, reporter } } });
		await open(gateway);
		const { text } = await request(`http://127.0.0.1:${port}/metrics`);
		const lines = text.split("\n").filter(line => line.startsWith("moleculer_sse_"));
		const written = (series: string) =>
			lines.find(line => line.startsWith(series))?.replace(/^.* /, "");

		expect(written("moleculer_sse_streams_open{")).toBe("1");
		const labels = 'namespace="",nodeID="node-1"';
		expect(written(`moleculer_sse_streams_refused{${labels},reason="limit"}`)).toBe("0");
		expect(written(`moleculer_sse_opening_time_bucket{${labels},le="+Inf"}`)).toBe("1");
		expect(written(`moleculer_sse_opening_time_bucket{${labels},le="30000"}`)).toBe("1");
		expect(lines.length).toBeLessThanOrEqual(maxSeries(0));
	});

	it("are also reported to reporters that are notified of changes, at the interval of the registry", async () => {
		const changes: string[] = [];
		const gateway = await start({ broker: { metrics: { enabled: true, collectInterval: 0.05 } } });
		const { metrics } = gateway.broker;
		const changed = metrics.changed.bind(metrics);
		metrics.changed = (metric, ...rest) => {
			changes.push(metric.name);
			return changed(metric, ...rest);
		};
		await open(gateway);

		await eventually(() => expect(changes).toContain("moleculer.sse.streams.opened"));
	});

	it("are all moved by a test, each series of them", () => {
		const known = allSeries([NEWS]).filter(series => !OF_RABBITMQ.includes(series));
		expect(known.filter(series => !MOVED.has(series))).toEqual([]);
	});
});
