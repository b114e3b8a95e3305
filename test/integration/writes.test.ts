import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { RawSocket } from "../support/clients/raw-socket.ts";
import { requestStream, type StreamClient } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { TLS } from "../support/tls.ts";

const NEWS = "news";

const send = (gateway: TestGateway, payload: unknown, sessionId = "*") =>
	gateway.send({ eventName: NEWS, sessionId, payload });

/** What a middleware such as compression or a tracer does: it stands between response and socket. */
function wrapWrites(_req: unknown, res: ServerResponse, next: () => void): void {
	const { write } = res;
	res.write = function (this: ServerResponse, ...args: unknown[]) {
		Reflect.set(res, "seen", `${Reflect.get(res, "seen") ?? ""}${args[0]}`);
		return Reflect.apply(write, this, args);
	} as ServerResponse["write"];
	next();
}

/** What many a logger does: it returns nothing, and expects no callback. */
function wrapWritesInSilence(_req: unknown, res: ServerResponse, next: () => void): void {
	const { write, writeHead } = res;
	res.write = function (this: ServerResponse, chunk: unknown) {
		Reflect.apply(write, this, [chunk]);
	} as ServerResponse["write"];
	res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
		Reflect.apply(writeHead, this, args);
	} as ServerResponse["writeHead"];
	next();
}

interface Way {
	readonly name: string;
	readonly settings: Record<string, unknown>;
	open(gateway: TestGateway, headers?: Record<string, string>): Promise<StreamClient>;
}

const open: Way["open"] = (gateway, headers = {}) => requestStream(gateway.url(NEWS), { headers });
const openOverHttp2: Way["open"] = (gateway, headers = {}) =>
	openHttp2Stream(connectHttp2(gateway.origin), gateway.url(NEWS), { headers });

const WAYS: readonly Way[] = [
	{ name: "HTTP/1.1", settings: {}, open },
	{ name: "https", settings: { https: TLS }, open },
	{ name: "a wrapped response", settings: { use: [wrapWrites] }, open },
	{ name: "a response whose wrapper is silent", settings: { use: [wrapWritesInSilence] }, open },
	{ name: "HTTP/2", settings: { http2: true }, open: openOverHttp2 },
	{
		name: "HTTP/2 whose wrapper is silent",
		settings: { http2: true, use: [wrapWritesInSilence] },
		open: openOverHttp2
	},
	{ name: "HTTP/2 over TLS", settings: { http2: true, https: TLS }, open: openOverHttp2 }
];

describe.each(WAYS)("over $name", ({ settings, open }) => {
	it("events arrive complete and in order, alone and many in one turn, of any size", async () => {
		const gateway = await startGateway({ settings, sse: { timeout: 0 } });
		const stream = await open(gateway);
		const sizes = [0, 1, 15, 16, 255, 4096, 70_000, 3, 300_000, 16_000, 8];
		const payloads = sizes.map(size => "ü".repeat(size));
		for (const payload of payloads) {
			await send(gateway, payload);
			await turn();
		}
		await Promise.all(payloads.map(payload => send(gateway, payload)));
		await stream.next(NEWS, 2 * payloads.length);

		expect(stream.received(NEWS)).toEqual([...payloads, ...payloads]);
	});

	// A replay relied on what `write` returned: with one that returns nothing it waited for ever, and its stream was neither
	// live nor checked.
	it("a stream that comes back gets what it missed, and is live then", async () => {
		const gateway = await startGateway({ settings, sse: { timeout: 0 } });
		const first = await open(gateway);
		const { id = "" } = await first.next("sse.open");
		first.close();
		const missed = Array.from({ length: 300 }, (_, n) => `${n}${"x".repeat(1000)}`);
		for (const payload of missed) await send(gateway, payload);
		const back = await open(gateway, { "Last-Event-ID": id });
		await back.next(NEWS, missed.length);
		await send(gateway, "live");
		await back.next(NEWS, missed.length + 1);

		expect(back.received(NEWS)).toEqual([...missed, "live"]);
	});

	it("tens of thousands in one turn as well", async () => {
		// whether a client takes two megabytes within the moment that a burst may last is not the question here
		const gateway = await startGateway({ settings, sse: { buffer: { maxBytes: 2 ** 24 } } });
		const stream = await open(gateway);
		for (let n = 0; n < 30_000; n++) void send(gateway, n);
		await stream.next(NEWS, 30_000);

		expect(stream.received(NEWS)).toEqual(Array.from({ length: 30_000 }, (_, n) => n));
	});

	it("a stream ends gracefully after the events of the same turn", async () => {
		const gateway = await startGateway({ settings });
		const stream = await open(gateway);
		await stream.next("sse.open");
		void send(gateway, 1);
		void send(gateway, 2);
		await gateway.broker.stop();

		expect(await stream.end).toBe("ended");
		expect(stream.events.map(({ event }) => event)).toEqual(["sse.open", NEWS, NEWS, "sse.close"]);
		expect(gateway.held).toEqual(NOTHING);
	});
});

it("code between response and socket sees everything that is written", async () => {
	let response: ServerResponse | undefined;
	const keep = (_req: unknown, res: ServerResponse, next: () => void) => {
		response = res;
		next();
	};
	const gateway = await startGateway({ settings: { use: [keep, wrapWrites] } });
	const stream = await requestStream(gateway.url(NEWS));
	for (const n of [1, 2]) void send(gateway, n);
	await send(gateway, 3);
	await stream.next(NEWS, 3);

	expect(Reflect.get(response as object, "seen")).toBe(stream.text);
});

it("a replay is written in pieces of many events, not one by one", async () => {
	let writes = 0;
	const count = (_req: unknown, res: ServerResponse, next: () => void) => {
		const { write } = res;
		res.write = function (this: ServerResponse, ...args: unknown[]) {
			writes++;
			return Reflect.apply(write, this, args);
		} as ServerResponse["write"];
		next();
	};
	const gateway = await startGateway({ settings: { use: [count] } });
	const first = await requestStream(gateway.url(NEWS));
	await send(gateway, 0);
	const { id = "" } = await first.next(NEWS);
	first.close();
	await eventually(() => expect(gateway.held).toEqual(NOTHING));
	for (let n = 1; n <= 100; n++) await send(gateway, n);

	writes = 0;
	const second = await requestStream(gateway.url(NEWS), { headers: { "last-event-id": id } });
	await second.next(NEWS, 100);
	expect(second.received(NEWS)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
	// sse.open, and what followed
	expect(writes).toBe(2);
});

it("a stream that gets its socket late, behind another response of a pipelining client, is written in order", async () => {
	const clocks = stubClocks();
	const gate = createGate<string>();
	const slow = { name: "slow", actions: { wait: () => gate.wait() } };
	const gateway = await startGateway({
		services: [slow],
		sse: { timeout: 4000 },
		settings: { routes: [{ path: "/api", aliases: { "GET /slow": "slow.wait" } }] }
	});
	const raw = new RawSocket(gateway.origin);
	raw.get(`${gateway.origin}/api/slow`, gateway.url(NEWS));
	await gate.reached;
	await eventually(() => expect(gateway.held.streams).toBe(1));
	for (const n of [1, 2]) await send(gateway, n);
	await turn();
	gate.open("at last");
	await raw.until("data: 2");
	for (const n of [3, 4]) await send(gateway, n);
	await raw.until("data: 4");
	clocks.pass(8000);
	await raw.closed;

	const [, first, second = ""] = raw.text.split("HTTP/1.1 200 OK");
	expect(first).toContain("at last");
	const numbers = [...second.matchAll(/^data: (\d)$/gm)].map(([, n]) => Number(n));
	expect(numbers).toEqual([1, 2, 3, 4]);
	expect(second).toMatch(/\r\n0\r\n\r\n$/);
	await eventually(() => expect(gateway.held).toEqual(NOTHING));
});

describe("the writes of a turn", () => {
	/** A gateway with some streams, and everything that is written to their sockets from then on. */
	async function watchWrites(sessions: string[]) {
		const gateway = await startGateway();
		const writes: { session: string; bytes: Uint8Array }[] = [];
		const streams: StreamClient[] = [];
		for (const session of sessions) {
			const connected = once(gateway.service.server, "connection") as Promise<[Socket]>;
			const stream = await requestStream(gateway.url(NEWS), { session });
			await stream.next("sse.open");
			const [socket] = await connected;
			const { write } = socket;
			socket.write = function (this: Socket, ...args: unknown[]) {
				writes.push({ session, bytes: args[0] as Uint8Array });
				return Reflect.apply(write, this, args);
			} as Socket["write"];
			streams.push(stream);
		}
		return { gateway, streams, writes };
	}

	it("are one per stream, and one buffer for streams that got the same events", async () => {
		const { gateway, streams, writes } = await watchWrites(["a", "b", "c"]);
		for (let n = 0; n < 10; n++) void send(gateway, n);
		void send(gateway, "only for b", "b");
		await Promise.all(streams.map(stream => stream.next(NEWS, 10)));

		expect(writes.map(({ session }) => session)).toEqual(["a", "b", "c"]);
		const [a, b, c] = writes.map(({ bytes }) => bytes);
		expect(a).toBe(c);
		expect(b).not.toBe(a);
		expect(String(b)).toContain("only for b");
		expect(String(a)).not.toContain("only for b");
	});

	it("happen in the turn in which a lone event arrived", async () => {
		const { gateway, writes } = await watchWrites(["a"]);
		for (let n = 1; n <= 3; n++) {
			void send(gateway, n);
			await turn();
			expect(writes).toHaveLength(n);
		}
	});

	it("continue in later turns if there are many, each stream's in order, with others served in between", async () => {
		const count = 1500;
		const gateway = await startGateway();
		const raw: RawSocket[] = [];
		// As many as the system's queue of connections takes.
		while (raw.length < count) {
			const some = Array.from({ length: 100 }, () => new RawSocket(gateway.origin));
			for (const client of some) client.get(gateway.url(NEWS));
			await Promise.all(some.map(client => client.until("sse.open")));
			raw.push(...some);
		}
		expect(gateway.held.streams).toBe(count);

		// slow writes: 0.1 ms each, as with 15 times as many streams
		for (const { socket } of raw) socket.pause();
		let turns = 0;
		const written = new Set<object>();
		for (const stream of streamsOf(gateway)) {
			const { flush } = stream;
			stream.flush = () => {
				const until = performance.now() + 0.1;
				while (performance.now() < until);
				written.add(stream);
				flush.call(stream);
			};
		}
		void send(gateway, 1);
		while (written.size < count) {
			await turn();
			turns++;
			if (turns === 3) {
				// between two slices: one more event, a stream that goes and one that comes
				expect(written.size).toBeLessThan(count);
				void send(gateway, 2);
				raw[count - 1]?.reset();
				raw.push(new RawSocket(gateway.origin));
				raw.at(-1)?.get(gateway.url(NEWS));
			}
		}
		expect(turns).toBeGreaterThan(5);
		for (const { socket } of raw) socket.resume();
		await eventually(() => expect(raw.at(-1)?.text).toContain("sse.open"));
		void send(gateway, 3);
		const numbers = ({ text }: RawSocket) =>
			[...text.matchAll(/^data: (\d)$/gm)].map(([, n]) => Number(n));
		await Promise.all(raw.filter((_, n) => n !== count - 1).map(client => client.until("data: 3")));
		for (const client of raw.slice(0, count - 1)) expect(numbers(client)).toEqual([1, 2, 3]);
		expect(numbers(raw.at(-1) as RawSocket)).toEqual([3]);
	});
});

/** The gateway's own streams. */
function streamsOf({ service }: TestGateway): Iterable<{ flush(): void }> {
	return Reflect.get(service, Symbol.for("moleculer-sse.gateway")).streams;
}
