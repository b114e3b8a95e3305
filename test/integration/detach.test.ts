import { type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { History } from "../../mixins/sse/core/history/history.ts";
import { openRawStream, RawSocket } from "../support/clients/raw-socket.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import {
	type GatewaySetup,
	NOTHING,
	type NodeSetup,
	startGateway,
	type TestGateway
} from "../support/gateway/gateway.ts";
import { give } from "../support/gateway/give.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { runningTime } from "../support/running-time.ts";
import { TLS } from "../support/tls.ts";

const NEWS = "news";

/** Milliseconds that a stream lives, until a test makes them pass. */
const LIFE = 4000;

/** A gateway that keeps requests and responses, as no application should, for inspection. */
async function startWatched(
	watch: (req: IncomingMessage, res: ServerResponse) => void = () => {},
	setup: GatewaySetup & NodeSetup = {}
) {
	const seen: { socket: Socket & { parser?: unknown }; response: ServerResponse }[] = [];
	const keep = (req: IncomingMessage, res: ServerResponse, next: () => void) => {
		seen.push({ socket: req.socket, response: res });
		watch(req, res);
		next();
	};
	const gateway = await startGateway({ ...setup, settings: { ...setup.settings, use: [keep] } });
	return { gateway, seen };
}

const send = (gateway: TestGateway, payload: unknown) =>
	gateway.send({ eventName: NEWS, sessionId: "*", payload });

const detached = (seen: Awaited<ReturnType<typeof startWatched>>["seen"]) =>
	eventually(() => {
		expect(seen.length).toBeGreaterThan(0);
		for (const { socket, response } of seen) {
			// a socket in an error is printed first, which takes longer than a stream may live here
			expect([socket.parser === null, response.socket === null]).toEqual([true, true]);
		}
	});

describe.each([
	["HTTP/1.1", {}],
	["https", { https: TLS }]
])("a stream that has released its request and response, over %s", (_, settings) => {
	it("gets events, heartbeats and its end", async () => {
		const { gateway, seen } = await startWatched(undefined, {
			settings,
			sse: { heartbeat: 60, timeout: LIFE }
		});
		const clocks = stubClocks();
		const stream = await openStream(gateway.url(NEWS));
		await detached(seen);
		for (let n = 0; n < 20; n++) await send(gateway, n);
		await stream.next(NEWS, 20);
		await stream.next("sse.heartbeat");
		clocks.pass(2 * LIFE);

		expect(await stream.end).toBe("ended");
		expect(stream.received(NEWS)).toEqual(Array.from({ length: 20 }, (_, n) => n));
		expect(stream.received("sse.close")).toEqual([{ reason: "timeout" }]);
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("is noticed when its client leaves, fully or by half", async () => {
		const { gateway, seen } = await startWatched(undefined, { settings });
		const stream = await openStream(gateway.url(NEWS));
		await detached(seen);
		stream.close();
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
		if ("https" in settings) return;
		const raw = await openRawStream(gateway.url(NEWS));
		await detached(seen);
		raw.socket.end();
		await raw.closed;
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("does not hold up a node that stops", async () => {
		const { gateway, seen } = await startWatched(undefined, { settings });
		const streams = await Promise.all([1, 2, 3].map(() => openStream(gateway.url(NEWS))));
		await detached(seen);
		const took = await runningTime(() => gateway.broker.stop());

		expect(took).toBeLessThan(1000);
		for (const stream of streams) expect(await stream.end).toBe("ended");
	});

	it("is cut off like any other when its client does not read", async () => {
		const { gateway, seen } = await startWatched(undefined, {
			settings,
			sse: { buffer: { maxBytes: 1024 } }
		});
		const stream = await openStream(gateway.url(NEWS));
		await detached(seen);
		stream.stall();
		await send(gateway, "x".repeat(2 ** 23));
		await sleep(20);
		await send(gateway, "one more");
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});
});

it("accepts no further request: what the client sends is read and dropped", async () => {
	const clocks = stubClocks();
	const { gateway, seen } = await startWatched(undefined, { sse: { timeout: LIFE } });
	const raw = await openRawStream(gateway.url(NEWS));
	await detached(seen);
	raw.get(gateway.url(NEWS), gateway.url(NEWS));
	await send(gateway, "heard as ever");
	await raw.until("heard as ever");
	clocks.pass(2 * LIFE);
	await raw.closed;

	expect(seen).toHaveLength(1);
	expect(raw.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
	expect(raw.text).toMatch(/\r\n0\r\n\r\n$/);
	await eventually(() => expect(gateway.held).toEqual(NOTHING));
});

// The request ended while Node's parser was still working on what had arrived: freed then, it wrote to freed memory.
it("is released once the body of its request has arrived, and not from within the parser", async () => {
	const { gateway, seen } = await startWatched();
	const streams = await Promise.all(
		Array.from({ length: 50 }, async () => {
			const raw = new RawSocket(gateway.origin);
			raw.socket.write(
				"GET /sse/event-stream?eventName=news HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n"
			);
			await raw.until("sse.open");
			return raw;
		})
	);
	await sleep(30);
	for (const { socket } of seen) expect(socket.parser).not.toBeNull();
	const within: string[] = [];
	const parsers: { close(): void } = Object.getPrototypeOf(seen[0]?.socket.parser);
	const { close } = parsers;
	parsers.close = function (this: unknown) {
		const { stack = "" } = new Error();
		// what Node runs for what has arrived, from within the parser
		if (/endReadableNT|parserOn|onParserExecute/.test(stack)) within.push(stack);
		return close.call(this);
	};
	onTestFinished(() => {
		parsers.close = close;
	});
	for (const { socket } of streams) socket.write("hello");
	await detached(seen);
	await send(gateway, "and on it goes");
	await Promise.all(streams.map(raw => raw.until("and on it goes")));

	expect(within).toEqual([]);
	for (const { socket } of streams) socket.destroy();
	await eventually(() => expect(gateway.held).toEqual(NOTHING));
});

// How it starts was decided after its request had been handled, and nobody looked again: after a restart of its gateway, each client
// that came back kept request, response and parser.
it("is released as well if it had to wait for how it starts, and gets its events and its end", async () => {
	const clocks = stubClocks();
	const { gateway, seen } = await startWatched(undefined, {
		middleware: false,
		sse: { timeout: LIFE }
	});
	give(gateway, { eventName: NEWS, sessionId: "*", payload: 1, id: "n.e.1" });
	const pending = openStream(gateway.url(NEWS), { headers: { "Last-Event-ID": "n.e.2" } });
	await eventually(() => expect(gateway.held.streams).toBe(1));
	// longer than it takes until any other stream is settled
	await sleep(50);
	expect(seen[0]?.response.socket).not.toBeNull();
	for (const seq of [2, 3]) {
		give(gateway, { eventName: NEWS, sessionId: "*", payload: seq, id: `n.e.${seq}` });
	}
	const stream = await pending;
	await detached(seen);
	await send(gateway, 4);
	await stream.next(NEWS, 2);
	clocks.pass(2 * LIFE);

	expect(await stream.end).toBe("ended");
	expect(stream.received(NEWS)).toEqual([3, 4]);
	expect(stream.received("sse.close")).toEqual([{ reason: "timeout" }]);
	await eventually(() => expect(gateway.held).toEqual(NOTHING));
});

describe("a stream that had to wait for how it starts ends and leaves nothing, whatever happens in", () => {
	const MOMENTS = {
		"the turn in which that is decided": (act: () => void) => act(),
		"the next one, before it is released": (act: () => void) => void setImmediate(act),
		"the one after that": (act: () => void) => void setImmediate(() => setImmediate(act))
	};
	const ACTS: Record<string, (gateway: TestGateway, raw: RawSocket) => void> = {
		"it is revoked": gateway => void gateway.broker.broadcast("sse.close", { sessionId: "*" }),
		"its client leaves": (_, { socket }) => void socket.destroy(),
		"its client breaks off": (_, raw) => raw.reset(),
		"its client ends its half": (_, { socket }) => void socket.end()
	};
	const CASES = Object.entries(MOMENTS).flatMap(([moment, then]) =>
		Object.entries(ACTS).map(([what, act]) => ({ moment, then, what, act }))
	);

	it.each(CASES)("$moment: $what", async ({ then, act }) => {
		const { gateway, seen } = await startWatched(undefined, { middleware: false });
		give(gateway, { eventName: NEWS, sessionId: "*", payload: 1, id: "n.e.1" });
		const raw = new RawSocket(gateway.origin);
		raw.socket.write(
			"GET /sse/event-stream?eventName=news HTTP/1.1\r\nhost: x\r\nlast-event-id: n.e.2\r\n\r\n"
		);
		await eventually(() => expect(gateway.held.streams).toBe(1));
		// longer than it takes until any other stream is settled
		await sleep(50);
		const { since } = History.prototype;
		const spy = jest.spyOn(History.prototype, "since").mockImplementation(function (
			this: History,
			...args
		) {
			const answer = since.apply(this, args);
			if (typeof answer !== "string") then(() => act(gateway, raw));
			return answer;
		});
		onTestFinished(() => spy.mockRestore());
		give(gateway, { eventName: NEWS, sessionId: "*", payload: 2, id: "n.e.2" });

		await raw.closed;
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
		expect(seen).toHaveLength(1);
	});
});

describe("a listener on request or response is called as ever", () => {
	it.each([
		["the response's close", "res", "close"],
		["the response's finish", "res", "finish"],
		["the request's close", "req", "close"]
	] as const)("%s", async (_, of, event) => {
		const told: string[] = [];
		const clocks = stubClocks();
		const { gateway, seen } = await startWatched(
			(req, res) => (of === "res" ? res : req).once(event, () => told.push(event)),
			{ sse: { timeout: LIFE } }
		);
		const stream = await openStream(gateway.url(NEWS));
		await sleep(50);
		expect(seen[0]?.response.socket).not.toBeNull();
		clocks.pass(2 * LIFE);
		expect(await stream.end).toBe("ended");
		await eventually(() => expect(told).toEqual([event]));
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});
});

it("connections with streams are counted, and released, by the server", async () => {
	const { gateway, seen } = await startWatched();
	const connections = () => {
		const { promise, resolve } = Promise.withResolvers<number>();
		gateway.service.server.getConnections((_, count) => resolve(count));
		return promise;
	};
	const streams = await Promise.all([1, 2, 3].map(() => openStream(gateway.url(NEWS))));
	await detached(seen);
	expect(await connections()).toBe(3);
	for (const stream of streams) stream.close();
	await eventually(async () => expect(await connections()).toBe(0));
});

it("requests on other connections are served as ever, thousands of them, beside streams that come and go", async () => {
	const { gateway } = await startWatched();
	for (let round = 0; round < 20; round++) {
		const streams = await Promise.all(
			Array.from({ length: 25 }, () => openStream(gateway.url(NEWS)))
		);
		const statuses = await Promise.all(Array.from({ length: 100 }, () => status(gateway.origin)));
		expect(new Set(statuses)).toEqual(new Set([404]));
		for (const stream of streams) stream.close();
		if (round % 5 === 0) globalThis.gc?.();
	}
	await eventually(() => expect(gateway.held).toEqual(NOTHING));
});

function status(origin: string): Promise<number | undefined> {
	const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
	request(`${origin}/nothing`, response => {
		response.resume();
		response.once("end", () => resolve(response.statusCode));
	})
		.on("error", reject)
		.end();
	return promise;
}
