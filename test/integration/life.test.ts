import { EventEmitter, once } from "node:events";
import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { EventSource } from "eventsource";
import type { SseGatewayRequest } from "../../mixins/sse/index.ts";
import { connectHttp2, openHttp2Stream, requestHttp2 } from "../support/clients/http2-client.ts";
import { openRawStream, RawSocket } from "../support/clients/raw-socket.ts";
import { cookieOf, send, start } from "../support/clients/request.ts";
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
	MIXIN_ORDERS,
	NOTHING,
	startGateway,
	type TestGateway
} from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { watchRejections } from "../support/rejections.ts";
import { runningTime } from "../support/running-time.ts";
import { TLS } from "../support/tls.ts";

/** How a gateway can be reached, and how a client opens a stream there. */
interface Transport {
	readonly name: string;
	readonly settings: Record<string, unknown>;
	/** @returns what opens streams over one connection, or over one each */
	connect(gateway: TestGateway): Opener;
}

type Opener = (url: string, options?: { session?: string; agent?: Agent }) => Promise<StreamClient>;

const overHttp1 = (): Opener => openStream;
const overHttp2 = (gateway: TestGateway): Opener => {
	const connection = connectHttp2(gateway.origin);
	return (url, options) => openHttp2Stream(connection, url, options);
};

const TRANSPORTS: readonly Transport[] = [
	{ name: "HTTP/1.1", settings: {}, connect: overHttp1 },
	{ name: "https", settings: { https: TLS }, connect: overHttp1 },
	{ name: "HTTP/2", settings: { http2: true }, connect: overHttp2 },
	{ name: "HTTP/2 over TLS", settings: { http2: true, https: TLS }, connect: overHttp2 }
];

/** Resolves when nothing is left of any stream: each has ended, and ended once. */
function untilNothingIsHeld(gateway: TestGateway): Promise<void> {
	return eventually(() => expect(gateway.held).toEqual(NOTHING));
}

/** Milliseconds that a stream lives, until a test makes them pass. */
const LIFE = 4000;

/** An event of 32 KB, the most that a healthy client has unsent while it reads. */
const chunk = { eventName: "news", sessionId: "*", payload: "x".repeat(32 * 1024) };

describe("a stream that its client ends leaves nothing behind", () => {
	it.each(TRANSPORTS)("when the client disconnects, over $name", async transport => {
		const gateway = await startGateway({ settings: transport.settings });
		const open = transport.connect(gateway);
		const streams = [await open(gateway.url("a")), await open(gateway.url("a", "b"))];
		expect(gateway.held).toEqual({ streams: 2, sessions: 2, eventNames: 2, unclosed: 2 });

		streams[1]?.close();
		await eventually(() =>
			expect(gateway.held).toEqual({ streams: 1, sessions: 1, eventNames: 1, unclosed: 1 })
		);
		streams[0]?.close();
		await untilNothingIsHeld(gateway);
	});

	it("when the connection is reset", async () => {
		const gateway = await startGateway();
		const raw = await openRawStream(gateway.url("news"));
		raw.reset();

		await untilNothingIsHeld(gateway);
		expect(gateway.log.at("error")).toEqual([]);
	});

	it("when the client closes its half of the connection", async () => {
		const gateway = await startGateway();
		const raw = await openRawStream(gateway.url("news"));
		raw.socket.end();

		await untilNothingIsHeld(gateway);
	});

	it("when an HTTP/2 client drops the whole connection", async () => {
		const gateway = await startGateway({ settings: { http2: true } });
		const connection = connectHttp2(gateway.origin);
		await Promise.all(
			Array.from({ length: 5 }, () => openHttp2Stream(connection, gateway.url("news")))
		);
		expect(gateway.held.streams).toBe(5);
		connection.destroy();

		await untilNothingIsHeld(gateway);
	});

	it("when events are written to a client that has just vanished", async () => {
		const rejections = watchRejections();
		const gateway = await startGateway();
		const raw = await Promise.all([1, 2, 3].map(() => openRawStream(gateway.url("news"))));
		for (const client of raw) client.reset();
		// the gateway cannot know yet that they are gone
		for (let n = 0; n < 100; n++) {
			await gateway.send({ eventName: "news", sessionId: "*", payload: n });
			if (n % 10 === 0) await turn();
		}

		await untilNothingIsHeld(gateway);
		expect(gateway.log.at("error")).toEqual([]);
		expect(await rejections()).toEqual([]);
	});

	it("when requests were pipelined, and wait for the first to end", async () => {
		const gateway = await startGateway();
		const url = gateway.url("news");
		const raw = new RawSocket(url);
		raw.get(url, url, url);
		await eventually(() => expect(gateway.held.streams).toBe(3));
		await gateway.send({ eventName: "news", sessionId: "*", payload: 1 });
		await raw.until("event: news");
		raw.reset();

		await untilNothingIsHeld(gateway);
	});

	it("when the client speaks HTTP/1.0, to which the stream is the rest of the connection", async () => {
		const clocks = stubClocks();
		const gateway = await startGateway({ sse: { timeout: LIFE } });
		const url = new URL(gateway.url("news"));
		const raw = new RawSocket(url.href);
		raw.socket.write(`GET ${url.pathname}${url.search} HTTP/1.0\r\n\r\n`);
		await raw.until("sse.open");
		await gateway.send({ eventName: "news", sessionId: "*", payload: 1 });
		await raw.until("event: news");
		clocks.pass(2 * LIFE);
		await raw.closed;

		expect(raw.text).toMatch(
			/\r\n\r\nretry: \d+\nevent: sse\.open\n.+\nid: .+\n\nid: .+\nevent: news\ndata: 1\n\nevent: sse\.close\n.+\n\n$/
		);
		await untilNothingIsHeld(gateway);
	});

	it("and its connection is closed after it, as its head says", async () => {
		const gateway = await startGateway({ sse: { timeout: 1 } });
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		onTestFinished(() => agent.destroy());
		for (let n = 0; n < 3; n++) {
			const stream = await requestStream(gateway.url("news"), { agent });
			expect(stream.headers.connection).toBe("close");
			expect(await stream.end).toBe("ended");
		}

		await untilNothingIsHeld(gateway);
		await eventually(async () => {
			const { promise, resolve } = Promise.withResolvers<number>();
			gateway.service.server.getConnections((_, connections) => resolve(connections));
			expect(await promise).toBe(0);
		});
	});
});

describe("timeout", () => {
	it.each(TRANSPORTS)("ends a stream gracefully, over $name", async transport => {
		const gateway = await startGateway({ sse: { timeout: 50 }, settings: transport.settings });
		const stream = await transport.connect(gateway)(gateway.url("news"));

		expect(await stream.end).toBe("ended");
		expect(stream.text).toMatch(/\n\nevent: sse\.close\ndata: \{"reason":"timeout"\}\n\n$/);
		await untilNothingIsHeld(gateway);
	});

	it("ends each stream separately", async () => {
		const clocks = stubClocks();
		const gateway = await startGateway({ sse: { timeout: LIFE } });
		const first = await openStream(gateway.url("news"), { session: "alice" });
		clocks.pass(2 * LIFE);
		await first.end;
		const second = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		await second.next("news");
		clocks.pass(2 * LIFE);
		expect(await second.end).toBe("ended");
		expect(first.received("news")).toEqual([]);
	});

	it("0 does not end streams", async () => {
		const gateway = await startGateway({ sse: { timeout: 0, heartbeat: 10 } });
		const stream = await openStream(gateway.url("news"));
		await stream.next("sse.heartbeat", 10);

		expect(gateway.held.streams).toBe(1);
		expect(stream.received("sse.close")).toEqual([]);
	});

	it("cuts off a client that does not take its last bytes", async () => {
		const clocks = stubClocks();
		const gateway = await startGateway({ sse: { timeout: LIFE, buffer: { maxBytes: 2 ** 26 } } });
		const stream = await openStream(gateway.url("news"));
		stream.stall();
		await gateway.send({ ...chunk, payload: FLOOD });
		await turn();
		clocks.pass(2 * LIFE);

		await eventually(() => expect(gateway.held.unclosed).toBe(0), { timeout: 10_000 });
	});
});

describe("heartbeat", () => {
	it("goes to streams that are silent, and to no others", async () => {
		const gateway = await startGateway({ sse: { heartbeat: 1000 } });
		const silent = await openStream(gateway.url("news"), { session: "alice" });
		const busy = await openStream(gateway.url("news"), { session: "bob" });
		const timer = setInterval(() => {
			void gateway.send({ eventName: "news", sessionId: "bob", payload: 1 });
		}, 20);
		onTestFinished(() => clearInterval(timer));
		const { data } = await silent.next("sse.heartbeat", 2);

		expect(data).toBe("{}");
		expect(busy.received("sse.heartbeat")).toEqual([]);
		expect(silent.received("news")).toEqual([]);
	});

	it("is off with 0", async () => {
		const gateway = await startGateway({ sse: { heartbeat: 0, timeout: 300 } });
		const stream = await openStream(gateway.url("news"));
		await stream.end;

		expect(stream.events.map(({ event }) => event)).toEqual(["sse.open", "sse.close"]);
	});

	it.each(TRANSPORTS)(
		"comes before anything else: httpServerTimeout does not end silent streams, over $name",
		async transport => {
			const gateway = await startGateway({
				sse: { heartbeat: 1200 },
				settings: { ...transport.settings, httpServerTimeout: 500 }
			});
			const stream = await transport.connect(gateway)(gateway.url("news"));

			await stream.next("sse.heartbeat");
		}
	);
});

describe("a client that never reads", () => {
	it.each(TRANSPORTS)(
		"is disconnected when its unsent bytes exceed the limit, and others go on, over $name",
		async transport => {
			const gateway = await startGateway({
				sse: { buffer: { maxBytes: 64 * 1024 }, heartbeat: 0 },
				settings: transport.settings
			});
			const url = gateway.url("news");
			const open = () => transport.connect(gateway)(url);
			// slow ones first, in between and last: when they leave, they must not disturb the next ones
			const clients: StreamClient[] = [];
			for (let n = 0; n < 5; n++) clients.push(await open());
			const [slow, healthy] = [0, 1].map(odd => clients.filter((_, n) => n % 2 === odd));
			for (const stream of slow ?? []) stream.stall();

			let sent = 0;
			while (gateway.held.streams > 2) {
				expect(sent).toBeLessThan(2000);
				await gateway.send(chunk);
				sent++;
				await Promise.all((healthy ?? []).map(stream => stream.next("news", sent)));
			}
			await gateway.send({ ...chunk, payload: "still here" });
			for (const stream of healthy ?? []) {
				expect((await stream.next("news", sent + 1)).data).toBe('"still here"');
			}
			expect(gateway.held).toMatchObject({ streams: 2, unclosed: 2 });
		}
	);

	it.each(TRANSPORTS)("sees a broken connection, not an end, over $name", async transport => {
		const gateway = await startGateway({
			sse: { buffer: { maxBytes: 1024 } },
			settings: transport.settings
		});
		const stream = await transport.connect(gateway)(gateway.url("news"));
		stream.stall();
		await gateway.send({ ...chunk, payload: FLOOD });
		await turn();
		await gateway.send(chunk);
		await untilNothingIsHeld(gateway);
		stream.resume();

		expect(await stream.end).toBe("broken");
		expect(stream.received("sse.close")).toEqual([]);
	});
});

describe("a client that reads", () => {
	it.each(TRANSPORTS)("gets an event that alone exceeds the limit, over $name", async transport => {
		const gateway = await startGateway({ settings: transport.settings });
		const stream = await transport.connect(gateway)(gateway.url("news"), { session: "alice" });
		const payload = "x".repeat(2 * 1024 * 1024);
		await gateway.send({ eventName: "news", sessionId: "alice", payload });
		await stream.next("news");
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "the next" });

		expect((await stream.next("news", 2)).data).toBe('"the next"');
	});

	it("gets past such an event when it comes back", async () => {
		const gateway = await startGateway();
		const first = await openStream(gateway.url("news"), { session: "alice" });
		const { id = "" } = first.events[0] as { id?: string };
		first.close();
		const payload = "x".repeat(2 * 1024 * 1024);
		await gateway.send({ eventName: "news", sessionId: "alice", payload });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "the next" });
		const second = await openStream(gateway.url("news"), {
			session: "alice",
			headers: { "last-event-id": id }
		});

		expect((await second.next("news", 2)).data).toBe('"the next"');
	});
});

describe("a browser that comes back", () => {
	it.each([
		["with Last-Event-ID", "", { "last-event-id": "node-1.0a1b2c3d.7" }],
		["with lastEventId in the URL", "&lastEventId=node-1.0a1b2c3d.7", {}]
	])("%s is told that events may have been missed", async (_, query, headers) => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news") + query, { headers });

		expect((await stream.next("sse.reset")).data).toBe('{"reason":"epoch"}');
		expect(stream.events.map(({ event }) => event)).toEqual(["sse.open", "sse.reset"]);
	});

	it("comes by itself when its stream reaches the end of its life, and continues where it was", async () => {
		const clocks = stubClocks();
		const gateway = await startGateway({ sse: { timeout: LIFE, retry: [10, 10] } });
		const source = new EventSource(gateway.url("news"), {
			fetch: (url, init) =>
				fetch(url, { ...init, headers: { ...init.headers, cookie: cookieOf("alice") } })
		});
		onTestFinished(() => source.close());
		const opened = new EventEmitter();
		const seen: string[] = [];
		for (const name of ["sse.open", "news", "sse.close", "sse.reset"]) {
			source.addEventListener(name, () => {
				seen.push(name);
				opened.emit(name);
			});
		}
		await once(opened, "sse.open");
		await Promise.all([
			once(opened, "news"),
			gateway.send({ eventName: "news", sessionId: "alice", payload: 1 })
		]);
		clocks.pass(2 * LIFE);
		await once(opened, "sse.close");
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 2 });
		await once(opened, "news");

		expect(seen).toEqual(["sse.open", "news", "sse.close", "sse.open", "news"]);
	});
});

describe("a node stops in under a second, with ten open streams and one that never reads", () => {
	/** Opens them, ends them by `stop`, and returns how many milliseconds it took. */
	async function stopWithStreams(
		gateway: TestGateway,
		transport: Transport,
		stop: () => Promise<unknown>
	): Promise<number> {
		const url = gateway.url("news");
		const open = transport.connect(gateway);
		const streams = await Promise.all(Array.from({ length: 10 }, () => open(url)));
		const stalled = await transport.connect(gateway)(url, { session: "stalled" });
		stalled.stall();
		await gateway.send({ eventName: "news", sessionId: "stalled", payload: FLOOD });
		expect(gateway.held.streams).toBe(11);

		const took = await runningTime(stop);

		expect(await Promise.all(streams.map(stream => stream.end))).toEqual(
			streams.map(() => "ended")
		);
		for (const stream of streams) {
			expect(stream.text).toMatch(/\n\nevent: sse\.close\ndata: \{"reason":"drain"\}\n\n$/);
		}
		expect(gateway.held).toEqual(NOTHING);
		return took;
	}
	const setup: GatewaySetup = { sse: { buffer: { maxBytes: 2 ** 26 } } };

	for (const order of MIXIN_ORDERS) {
		it.each(TRANSPORTS)(`over $name, with the mixins in the order ${order}`, async transport => {
			const gateway = await startGateway({ ...setup, order, settings: transport.settings });
			const took = await stopWithStreams(gateway, transport, () => gateway.broker.stop());

			expect(took).toBeLessThan(1000);
			expect(gateway.log.at("error")).toEqual([]);
		});
	}

	it("when only the service is destroyed", async () => {
		const gateway = await startGateway(setup);
		const transport = TRANSPORTS[0] as Transport;
		const took = await stopWithStreams(gateway, transport, () =>
			gateway.broker.destroyService(gateway.service)
		);

		expect(took).toBeLessThan(1000);
		// the node goes on without it
		await gateway.send({ eventName: "news", sessionId: "*", payload: 1 });
		expect(gateway.log.at("error")).toEqual([]);
	});
});

describe("stopping", () => {
	it("ends streams whose connection may live on for other requests", async () => {
		const gateway = await startGateway();
		const agent = new Agent({ keepAlive: true });
		onTestFinished(() => agent.destroy());
		const stream = await openStream(gateway.url("news"), { agent });
		const took = await runningTime(() => gateway.broker.stop());

		expect(took).toBeLessThan(1000);
		expect(await stream.end).toBe("ended");
	});

	it("ends streams that wait behind another one of their connection", async () => {
		const gateway = await startGateway();
		const url = gateway.url("news");
		const raw = new RawSocket(url);
		raw.get(url, url, url);
		await eventually(() => expect(gateway.held.streams).toBe(3));
		const took = await runningTime(() => gateway.broker.stop());

		expect(took).toBeLessThan(1000);
		expect(gateway.held).toEqual(NOTHING);
	});

	it("ends streams that wait behind another request of their connection", async () => {
		const gate = createGate();
		const answer = async (_req: unknown, res: { end(): void }) => {
			await gate.wait();
			res.end();
		};
		const routes = [{ path: "/", aliases: { "GET /slow": answer } }];
		const gateway = await startGateway({ settings: { routes } });
		const raw = new RawSocket(gateway.origin);
		raw.get(`${gateway.origin}/slow`, gateway.url("news"));
		await gate.reached;
		await eventually(() => expect(gateway.held.streams).toBe(1));
		const stopped = gateway.broker.stop();
		await eventually(() => expect(gateway.held.streams).toBe(0));
		// longer than the time that clients have to take their last bytes
		await sleep(500);
		const took = await runningTime(() => {
			gate.open();
			return stopped;
		});

		expect(took).toBeLessThan(1000);
		expect(gateway.held).toEqual(NOTHING);
	});

	it("may be requested twice", async () => {
		const gateway = await startGateway();
		await openStream(gateway.url("news"));
		const { broker, service } = gateway;

		await Promise.all([broker.destroyService(service), broker.destroyService(service)]);
		await Promise.all([broker.stop(), broker.stop()]);
		expect(gateway.held).toEqual(NOTHING);
	});

	it.each(TRANSPORTS)(
		"sends a stream that was still being opened away, to come back, over $name",
		async transport => {
			const gate = createGate<boolean>();
			const gateway = await startGateway({
				sse: { authorize: () => gate.wait() },
				settings: transport.settings
			});
			const keptAlive = transport.settings.https
				? new TlsAgent({ keepAlive: true })
				: new Agent({ keepAlive: true });
			onTestFinished(() => keptAlive.destroy());
			const opening = transport.settings.http2
				? requestHttp2(connectHttp2(gateway.origin), gateway.url("news"))
				: requestStream(gateway.url("news"), { agent: keptAlive });
			await gate.reached;
			const stopped = gateway.broker.stop();
			await eventually(() => expect(gateway.service.server.listening).toBe(false));
			gate.open(true);
			const took = await runningTime(() => Promise.all([opening, stopped]));
			const stream = await opening;

			expect(took).toBeLessThan(1000);
			expect(stream.status).toBe(200);
			expect(stream.headers["content-type"]).toBe("text/event-stream");
			expect(await stream.end).toBe("ended");
			// not a 503, after which a browser would never come back
			expect(stream.text).toMatch(
				/^retry: \d+\nevent: sse\.close\ndata: \{"reason":"drain"\}\n\n$/
			);
			expect(gateway.held).toEqual(NOTHING);
		}
	);

	it("is not for ever: a node that starts again streams again", async () => {
		const gateway = await startGateway();
		await gateway.broker.stop();
		await gateway.broker.start();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		await stream.next("news");
	});
});

describe("while the application decides on a stream", () => {
	it.each(["session", "authorize"])(
		"a client may leave: nothing opens when %s has decided",
		async option => {
			const rejections = watchRejections();
			const gate = createGate<unknown>();
			const left = Promise.withResolvers<void>();
			const decide = (_ctx: unknown, { req, ...rest }: { req?: SseGatewayRequest }) => {
				const { socket } = (req ?? rest) as SseGatewayRequest;
				socket.once("close", () => left.resolve());
				return gate.wait();
			};
			const gateway = await startGateway({ sse: { [option]: decide } });
			const raw = new RawSocket(gateway.origin);
			raw.get(gateway.url("news"));
			await gate.reached;
			raw.reset();
			await left.promise;
			gate.open(option === "session" ? "alice" : true);
			await turn();

			expect(gateway.held).toEqual(NOTHING);
			expect(gateway.log.at("error")).toEqual([]);
			expect(await rejections()).toEqual([]);
		}
	);

	it("an HTTP/2 client may leave", async () => {
		const gate = createGate<string>();
		const gateway = await startGateway({
			sse: { session: () => gate.wait() },
			settings: { http2: true }
		});
		const connection = connectHttp2(gateway.origin);
		const request = connection.request({ ":path": "/sse/event-stream?eventName=news" });
		request.on("error", () => {});
		await gate.reached;
		request.destroy();
		connection.destroy();
		await eventually(async () => {
			const open = await new Promise<number>(resolve => {
				gateway.service.server.getConnections((_, count) => resolve(count));
			});
			expect(open).toBe(0);
		});
		gate.open("alice");
		await turn();

		expect(gateway.held).toEqual(NOTHING);
		expect(gateway.log.at("error")).toEqual([]);
	});

	it("a client that left is refused without an unhandledRejection", async () => {
		const rejections = watchRejections();
		const gate = createGate<null>();
		const gateway = await startGateway({ sse: { session: () => gate.wait() } });
		const outgoing = start(gateway.url("news"), {});
		outgoing.on("error", () => {});
		outgoing.end();
		await gate.reached;
		outgoing.destroy();
		gate.open(null);

		expect(await rejections()).toEqual([]);
		expect(gateway.held).toEqual(NOTHING);
	});

	/** A gateway whose application answers a stream's request, or keeps its response. */
	const answering = (
		answer: (res: { write(text: string): void; end(text: string): void }) => void
	) => ({
		sse: { path: null, session: () => "alice" },
		settings: {
			routes: [
				{
					path: "/",
					aliases: { "GET /live": { type: "sse" } },
					onBeforeCall: (_ctx: unknown, _route: unknown, _req: unknown, res: never) => answer(res)
				}
			]
		}
	});

	it.each([
		["HTTP/1.1", false],
		["HTTP/2", true]
	])("it may answer the request itself: nothing opens, over %s", async (_, http2) => {
		const setup = answering(res => res.end("mine"));
		const gateway = await startGateway({ ...setup, settings: { ...setup.settings, http2 } });
		const url = gateway.at("/live", "news");
		const text = http2 ? await http2Text(gateway, url) : (await send(url)).text;
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		expect(text).toBe("mine");
		expect(gateway.held).toEqual(NOTHING);
		expect(gateway.log.at("error")).toEqual([]);
	});

	it("it may begin to answer the request itself: nothing opens, and no event gets into it", async () => {
		let own: { write(text: string): void; end(text: string): void } | undefined;
		const gateway = await startGateway(
			answering(res => {
				own = res;
				res.write("mine");
			})
		);
		const stream = await requestStream(gateway.at("/live", "news"));
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });
		expect(gateway.held).toEqual(NOTHING);
		own?.end(", all of it");
		await stream.end;

		expect(stream.text).toBe("mine, all of it");
	});

	it.each([
		["HTTP/1.1", false],
		["HTTP/2", true]
	])("it may end the stream later, while events are under way, over %s", async (_, http2) => {
		const uncaught: unknown[] = [];
		const record = (error: unknown) => uncaught.push(error);
		process.on("uncaughtException", record);
		onTestFinished(() => void process.off("uncaughtException", record));
		let own: { end(text: string): void } | undefined;
		const setup = answering(res => {
			own = res;
		});
		const gateway = await startGateway({ ...setup, settings: { ...setup.settings, http2 } });
		const url = gateway.at("/live", "news");
		const stream = http2
			? await openHttp2Stream(connectHttp2(gateway.origin), url)
			: await openStream(url);
		own?.end("");
		for (let n = 0; n < 3; n++) {
			await gateway.send({ eventName: "news", sessionId: "alice", payload: n });
		}

		await stream.end;
		await untilNothingIsHeld(gateway);
		expect(uncaught).toEqual([]);
	});
});

/** The body of an HTTP/2 response. */
function http2Text(gateway: TestGateway, url: string): Promise<string> {
	const { pathname, search } = new URL(url);
	const request = connectHttp2(gateway.origin).request({ ":path": pathname + search });
	let text = "";
	request.setEncoding("utf8").on("data", (chunk: string) => {
		text += chunk;
	});
	return new Promise((resolve, reject) => {
		request.on("end", () => resolve(text)).on("error", reject);
	});
}
