import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { SseMixinOptions } from "../../mixins/sse/index.ts";
import type { EventStream } from "../../mixins/sse/streams/event-stream.ts";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { openRawStream } from "../support/clients/raw-socket.ts";
import { FLOOD, openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { block } from "../support/processes/block.ts";
import { TLS } from "../support/tls.ts";

const NEWS = "news";
const PRICE = "price";
const MAX_BYTES = 256 * 1024;

interface Transport {
	readonly name: string;
	readonly settings: Record<string, unknown>;
	open(gateway: TestGateway, headers?: Record<string, string>): Promise<StreamClient>;
}

const overHttp1: Transport["open"] = (gateway, headers = {}) =>
	openStream(gateway.url(NEWS, PRICE), { session: "A", headers });
const overHttp2: Transport["open"] = (gateway, headers = {}) =>
	openHttp2Stream(connectHttp2(gateway.origin), gateway.url(NEWS, PRICE), {
		session: "A",
		headers
	});

const TRANSPORTS: readonly Transport[] = [
	{ name: "HTTP/1.1", settings: {}, open: overHttp1 },
	{ name: "https", settings: { https: TLS }, open: overHttp1 },
	{ name: "HTTP/2", settings: { http2: true }, open: overHttp2 }
];

const start = (buffer: SseMixinOptions["buffer"], { settings }: Pick<Transport, "settings">) =>
	startGateway({
		settings,
		sse: {
			heartbeat: 0,
			buffer: { maxBytes: MAX_BYTES, ...buffer },
			events: {
				[NEWS]: {},
				[PRICE]: { conflate: ({ symbol }: { symbol?: string }) => symbol }
			}
		}
	});

const send = (gateway: TestGateway, eventName: string, payload: unknown) =>
	gateway.send({ eventName, sessionId: "A", payload });

/** The open streams themselves. */
const streamsOf = (gateway: TestGateway): EventStream[] => [
	...Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway")).streams
];

/** Makes more unsent to a client that does not read than its system buffers. */
async function clog(gateway: TestGateway, stream: StreamClient): Promise<void> {
	stream.stall();
	await send(gateway, NEWS, FLOOD);
	await turn();
}

/** The small events of a client, including resets. */
const small = ({ events }: StreamClient) =>
	events
		.filter(({ event, data }) => event !== "sse.open" && data.length < 10_000)
		.map(({ event, data }) => (event === "sse.reset" ? "reset" : JSON.parse(data).n));

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

describe.each(TRANSPORTS)("`disconnect`, over $name", transport => {
	it("cuts off a client that stays above the limit for longer than a moment", async () => {
		const gateway = await start({ maxBytes: 2 * 1024 * 1024 }, transport);
		const stream = await transport.open(gateway);
		await clog(gateway, stream);
		// nothing was unsent before it: a single event may be as large as it likes
		await sleep(400);
		expect(gateway.held.streams).toBe(1);
		await send(gateway, NEWS, { n: 1 });
		await sleep(50);
		expect(gateway.held.streams).toBe(1);

		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("makes small events wait for each other: they arrive in order, none is missing", async () => {
		const gateway = await start({ maxBytes: 2 ** 26 }, transport);
		const stream = await transport.open(gateway);
		await clog(gateway, stream);
		const pad = "x".repeat(2000);
		for (const n of range(0, 1000)) {
			await send(gateway, NEWS, n % 100 === 50 ? { n, pad } : { n });
			await turn();
		}
		stream.resume();
		await eventually(() => expect(small(stream).at(-1)).toBe(999), { timeout: 10_000 });
		await send(gateway, NEWS, { n: 1000 });
		await eventually(() => expect(small(stream).at(-1)).toBe(1000));

		expect(small(stream)).toEqual(range(0, 1001));
	});

	it("cuts off one that exceeds eight times the limit at once", async () => {
		const gateway = await start({}, transport);
		const stream = await transport.open(gateway);
		await clog(gateway, stream);
		await send(gateway, NEWS, { n: 1 });
		await turn();
		await turn();

		expect(gateway.held.streams).toBe(0);
	});
});

describe.each(TRANSPORTS)("`dropOldest`, over $name", transport => {
	it("drops whole events, the oldest, says so, and continues in order", async () => {
		const gateway = await start({ policy: "dropOldest" }, transport);
		const stream = await transport.open(gateway);
		await clog(gateway, stream);
		const pad = "x".repeat(2000);
		for (let n = 0; n < 1000; n++) {
			await send(gateway, NEWS, { n, pad });
			if (n % 100 === 0) await turn();
		}
		await turn();
		stream.resume();
		await eventually(() => expect(small(stream).at(-1)).toBe(999), { timeout: 10_000 });
		await send(gateway, NEWS, { n: 1000 });
		await eventually(() => expect(small(stream).at(-1)).toBe(1000));

		const got = small(stream);
		const reset = got.indexOf("reset");
		expect(got.lastIndexOf("reset")).toBe(reset);
		expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
		const first = got[reset + 1] as number;
		expect(got.slice(0, reset)).toEqual(range(0, reset));
		expect(got.slice(reset + 1)).toEqual(range(first, 1001));
		expect(gateway.held).toMatchObject({ streams: 1 });
	});

	it("does not claim that what it dropped was seen: a client that leaves before the reset gets it all", async () => {
		const gateway = await start({ policy: "dropOldest" }, transport);
		const stream = await transport.open(gateway);
		await send(gateway, NEWS, { n: 0 });
		const { id = "" } = await stream.next(NEWS);
		await clog(gateway, stream);
		const pad = "x".repeat(2000);
		for (const n of range(1, 500)) await send(gateway, NEWS, { n, pad });
		stream.close();
		const back = await transport.open(gateway, { "last-event-id": id });
		await back.next(NEWS, 500);

		expect(small(back)).toEqual(range(1, 500));
	});
});

describe.each(TRANSPORTS)("`conflate`, over $name", transport => {
	it("keeps the newest of each key, and every event without one, in order", async () => {
		const gateway = await start({ policy: "conflate" }, transport);
		const stream = await transport.open(gateway);
		await clog(gateway, stream);
		for (const n of range(0, 5000)) {
			const symbol = ["a", "b", undefined][n % 3];
			// an event without a key now and then
			if (symbol !== undefined || n % 30 === 2) await send(gateway, PRICE, { n, symbol });
			if (n % 500 === 0) await turn();
		}
		await turn();
		stream.resume();
		await eventually(() => expect(small(stream)).toContain(4999), { timeout: 10_000 });

		const got = small(stream) as number[];
		expect(got).toEqual([...got].sort((a, b) => a - b));
		const keyless = range(0, 5000).filter(n => n % 30 === 2);
		expect(got).toEqual(expect.arrayContaining(keyless));
		expect(got.length).toBeLessThan(keyless.length + 100);
		expect(got).toEqual(expect.arrayContaining([4998, 4999]));
		expect(stream.received("sse.reset")).toEqual([]);
	});

	it("drops the oldest, and says so, if there is nothing left to conflate", async () => {
		const gateway = await start({ policy: "conflate" }, transport);
		const stream = await transport.open(gateway);
		await clog(gateway, stream);
		for (const n of range(0, 1000)) await send(gateway, NEWS, { n, pad: "x".repeat(2000) });
		await turn();
		stream.resume();
		await eventually(() => expect(small(stream).at(-1)).toBe(999), { timeout: 10_000 });

		expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
	});

	it("changes nothing for a client that reads", async () => {
		const gateway = await start({ policy: "conflate" }, transport);
		const stream = await transport.open(gateway);
		for (const n of range(0, 100)) await send(gateway, PRICE, { n, symbol: "a" });
		await stream.next(PRICE, 100);

		expect(small(stream)).toEqual(range(0, 100));
	});

	it("survives a function that throws: the event replaces nothing", async () => {
		const gateway = await start({ policy: "conflate" }, transport);
		const stream = await transport.open(gateway);
		await send(gateway, PRICE, null);

		await stream.next(PRICE);
		expect(String(gateway.log.at("error"))).toContain('"conflate" of the event "price" failed');
	});
});

describe.each(TRANSPORTS)("what waits for a slow client, over $name", transport => {
	it.each(["disconnect", "dropOldest", "conflate"] as const)(
		"is written before the stream ends gracefully: %s",
		async policy => {
			// a client that exceeds the limit is cut off by the first policy
			const maxBytes = policy === "disconnect" ? 2 ** 23 : MAX_BYTES;
			const gateway = await start({ policy, maxBytes }, transport);
			const stream = await transport.open(gateway);
			stream.stall();
			await send(gateway, NEWS, "x".repeat(3 * 1024 * 1024));
			await turn();
			for (const n of range(0, 50)) await send(gateway, NEWS, { n });
			// with more time than a stopping node has: how fast its client takes megabytes is not the question here
			for (const open of streamsOf(gateway)) open.end("drain", { grace: 30_000 });
			expect(gateway.held).toMatchObject({ streams: 0, unclosed: 1 });
			stream.resume();

			expect(await stream.end).toBe("ended");
			expect(small(stream).filter(n => n !== undefined)).toEqual(range(0, 50));
			expect(stream.events.at(-1)?.event).toBe("sse.close");
			await eventually(() => expect(gateway.held).toEqual(NOTHING));
		}
	);
});

describe("a client that takes nothing", () => {
	it.each(TRANSPORTS)(
		"is cut off after `stallTimeout`, even if it has less unsent than the limit, over $name",
		async transport => {
			const gateway = await start({ maxBytes: 2 ** 26, stallTimeout: 300 }, transport);
			const stalled = await transport.open(gateway);
			const healthy = await transport.open(gateway);
			await clog(gateway, stalled);
			const began = performance.now();
			await eventually(() => expect(gateway.held.streams).toBe(1), { timeout: 20_000 });

			expect(performance.now() - began).toBeGreaterThan(200);
			await send(gateway, NEWS, { n: 1 });
			await healthy.next(NEWS, 2);
		}
	);

	it("differs from one that takes little of one large event at a time", async () => {
		const gateway = await start({ maxBytes: 2 ** 26, stallTimeout: 400 }, { settings: {} });
		const raw = await openRawStream(gateway.url(NEWS));
		raw.socket.pause();
		await gateway.send({ eventName: NEWS, sessionId: "*", payload: "x".repeat(15 * 2 ** 20) });
		// longer than the timeout, in sips
		for (let n = 0; n < 30; n++) {
			raw.socket.resume();
			await sleep(5);
			raw.socket.pause();
			await sleep(40);
		}

		expect(gateway.held.streams).toBe(1);
	});

	it("stays open with 0", async () => {
		const gateway = await start({ maxBytes: 2 ** 26, stallTimeout: 0 }, { settings: {} });
		const stream = await overHttp1(gateway);
		await clog(gateway, stream);
		await sleep(500);

		expect(gateway.held.streams).toBe(1);
	});
});

// A gateway that was busy for as long as a client has, or was stopped, cut the client off when it continued: its timers were
// due before it read or wrote anything. On a busy machine one large event was enough, because it is encrypted in one go.
describe.each(TRANSPORTS)("what a busy gateway does not send in time, over $name", transport => {
	it("is no stall of the client", async () => {
		const gateway = await start({ maxBytes: 2 ** 26, stallTimeout: 300 }, transport);
		const stream = await transport.open(gateway);
		await clog(gateway, stream);
		for (let n = 0; n < 3; n++) {
			block(350);
			await turn();
		}
		stream.resume();
		await stream.next(NEWS);

		expect(gateway.held.streams).toBe(1);
	});

	it("does not turn into a lasting burst", async () => {
		const gateway = await start({ maxBytes: 2 * 1024 * 1024 }, transport);
		const stream = await transport.open(gateway);
		await clog(gateway, stream);
		// above the limit, and not for longer than a moment
		await send(gateway, NEWS, { n: 1 });
		await turn();
		block(300);
		await turn();

		expect(gateway.held.streams).toBe(1);
	});

	it("is still sent before a stream that ends is broken off", async () => {
		const gateway = await start({ maxBytes: 2 ** 26 }, transport);
		const stream = await transport.open(gateway);
		await clog(gateway, stream);
		const stopped = gateway.broker.stop();
		while (gateway.held.streams > 0) await turn();
		block(300);
		await turn();
		await turn();

		expect(gateway.held.unclosed).toBe(1);
		stream.close();
		await stopped;
	});
});
