import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { duplexPair } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { Context } from "moleculer";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { openRawStream, RawSocket } from "../support/clients/raw-socket.ts";
import { requestStream } from "../support/clients/stream-client.ts";
import { WIRES, type Wire, type WireClient } from "../support/clients/wires.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { watchRejections } from "../support/rejections.ts";
import { runningTime } from "../support/running-time.ts";

const PATH = "/sse/event-stream?eventName=news";

/** Milliseconds that a stream lives, until a test makes them pass. */
const LIFE = 4000;

/** What would end the process if nobody caught it. */
function watchUncaught(): unknown[] {
	const uncaught: unknown[] = [];
	const record = (error: unknown) => void uncaught.push(error);
	process.on("uncaughtException", record);
	onTestFinished(() => void process.off("uncaughtException", record));
	return uncaught;
}

const send = (gateway: TestGateway, payload: unknown) =>
	gateway.send({ eventName: "news", sessionId: "*", payload });
const revoke = (gateway: TestGateway, reason = "logged out") =>
	gateway.broker.broadcast("sse.close", { sessionId: "*", reason });

/** A gateway behind a wire, and clients on it, each with a stream that has just opened. */
async function openOver(wire: Wire, sse = {}, clients = 1, headers = {}, body?: string) {
	const gateway = await startGateway({ settings: wire.settings(), sse });
	const { server, connect } = await wire.open(gateway.service);
	onTestFinished(() => void server.close());
	const opened = Array.from({ length: clients }, (): WireClient => {
		const client = connect();
		onTestFinished(() => client.close());
		client.get([{ path: PATH, headers, ...(body !== undefined && { body }) }]);
		return client;
	});
	await eventually(() => expect(gateway.held.streams).toBe(clients), { interval: 1 });
	return { gateway, clients: opened, client: opened[0] as WireClient };
}

describe.each(WIRES)("over $name", wire => {
	// Over TLS a response that had ended was taken apart some milliseconds later: Node threw, and the process ended. Logging
	// out on a page that had just opened its stream was enough.
	it.each([0, 3, 6, 9, 12])(
		"streams may end at any moment of their beginning: after %i ms",
		async ms => {
			const uncaught = watchUncaught();
			const { gateway, clients } = await openOver(wire, {}, 10);
			await sleep(ms);
			await revoke(gateway);
			await eventually(() => expect(gateway.held).toEqual(NOTHING));
			await eventually(() => {
				for (const { text } of clients) expect(text).toContain('{"reason":"logged out"}');
			});
			await sleep(20);
			expect(uncaught).toEqual([]);
		}
	);

	// Over a unix socket `resetAndDestroy` threw out of a setImmediate. A socket that was ended and still had to send was
	// neither closed by Node nor reported.
	it.each(["while it is open", "after it has ended in order"])(
		"a client that does not read is cut off when it is revoked %s",
		async when => {
			const uncaught = watchUncaught();
			const clocks = stubClocks();
			const { gateway, client } = await openOver(wire, {
				timeout: LIFE,
				buffer: { maxBytes: 2 ** 26 }
			});
			await sleep(30);
			client.pause();
			// more than the system's buffers take for a client that does not read
			for (let n = 0; n < 200; n++) await send(gateway, "x".repeat(100_000));
			// what is sent is written at the end of the turn: revoked before that, it would never be
			const { streams } = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway"));
			await eventually(() => {
				for (const { isBehind } of streams) expect(isBehind).toBe(true);
			});
			expect(streams.size).toBe(1);
			if (when !== "while it is open") {
				clocks.pass(2 * LIFE);
				await eventually(() => expect(gateway.held.streams).toBe(0), { interval: 1 });
				expect(gateway.held.unclosed).toBe(1);
			}
			const cutOff = async () => {
				await revoke(gateway);
				await eventually(() => expect(gateway.held).toEqual(NOTHING));
			};
			expect(await runningTime(cutOff)).toBeLessThan(1500);
			expect(uncaught).toEqual([]);
		}
	);

	// Two services revoked one session, or a message arrived twice: the second revocation cut off what said why.
	it.each([0, 1, 20])("a stream that is revoked twice, %i ms apart, is told why", async ms => {
		const { gateway, client } = await openOver(wire);
		await sleep(15);
		await Promise.all([revoke(gateway, "the first"), ms > 0 ? sleep(ms) : undefined]);
		await revoke(gateway, "the second");
		await eventually(() => expect(client.text).toContain("the first"));
		expect(client.text).not.toContain("the second");
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	// Buffered bytes of a body that nobody read hid that the client left.
	it("a client that sends a body with its GET is seen to leave", async () => {
		const { gateway, client } = await openOver(wire, {}, 1, {}, "x".repeat(300_000));
		await send(gateway, "hello");
		await eventually(() => expect(client.text).toContain("hello"));
		client.close();
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("a client that leaves while it is being identified leaves nothing behind", async () => {
		const asked = Promise.withResolvers<void>();
		const answer = Promise.withResolvers<string>();
		const session = () => {
			asked.resolve();
			return answer.promise;
		};
		const gateway = await startGateway({ settings: wire.settings(), sse: { session } });
		const { server, connect } = await wire.open(gateway.service);
		onTestFinished(() => void server.close());
		const client = connect();
		client.get([{ path: PATH, headers: {} }]);
		await asked.promise;
		client.close();
		await sleep(30);
		answer.resolve("alice");
		await sleep(30);
		expect(gateway.held).toEqual(NOTHING);
	});
});

// Node 22, and 24 before 24.12, never emit "close" on a response that waits behind another one of a pipelining client when that
// client leaves, because it never had a socket. Anonymous clients filled the limits for ever, and the node did not stop.
describe("a client that pipelines", () => {
	it("leaves nothing behind, and holds up no stop", async () => {
		const gateway = await startGateway({ sse: { limits: { streams: 20 }, timeout: 500 } });
		for (let n = 0; n < 25; n++) {
			const raw = new RawSocket(gateway.origin);
			raw.get(gateway.url("news"), gateway.url("news"));
			await raw.until("sse.open");
			if (n % 2 === 0) raw.reset();
			else raw.socket.destroy();
			await eventually(() => expect(gateway.held).toEqual(NOTHING));
		}
		const honest = await Promise.all([1, 2, 3].map(() => openRawStream(gateway.url("news"))));
		const took = await runningTime(() => gateway.broker.stop());

		expect(honest).toHaveLength(3);
		expect(took).toBeLessThan(2000);
	});

	it("may open hundreds of streams on one connection: no warning, and nothing is left", async () => {
		const warnings: unknown[] = [];
		const record = (warning: unknown) => void warnings.push(warning);
		process.on("warning", record);
		onTestFinished(() => void process.off("warning", record));
		const gateway = await startGateway();
		const raw = new RawSocket(gateway.origin);
		raw.get(...Array.from({ length: 150 }, () => gateway.url("news")));
		await eventually(() => expect(gateway.held.streams).toBeGreaterThan(100));
		raw.socket.destroy();

		await eventually(() => expect(gateway.held).toEqual(NOTHING));
		expect(warnings).toEqual([]);
	});
});

// Node stops reading a connection on which much waits behind the response that is being written, and continues once that is
// sent, which never happens behind a stream. If nothing was written to the stream either, nobody saw its client leave.
describe("a client that pipelines, and leaves a gateway that writes nothing and has no time limits", () => {
	const QUIET = {
		heartbeat: 0,
		timeout: 0,
		buffer: { maxBytes: 2 ** 24, policy: "dropOldest", stallTimeout: 0 }
	} as const;

	const streamsOf = (gateway: TestGateway, count: number) =>
		eventually(() => expect(gateway.held.streams).toBe(count));

	it("is seen to leave after a further request", async () => {
		const gateway = await startGateway({ sse: QUIET });
		const url = gateway.url("news");
		const raw = new RawSocket(gateway.origin);
		raw.get(url, url);
		await streamsOf(gateway, 2);
		await send(gateway, `${"x".repeat(500_000)} all of it`);
		await raw.until("all of it");
		raw.get(url);
		await streamsOf(gateway, 3);
		raw.socket.destroy();

		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("is seen to leave after a further request that it sent while it did not read", async () => {
		const gateway = await startGateway({ sse: QUIET });
		const connections: Socket[] = [];
		gateway.service.server.on("connection", (socket: Socket) => connections.push(socket));
		const url = gateway.url("news");
		const raw = new RawSocket(gateway.origin);
		raw.get(url, url);
		await streamsOf(gateway, 2);
		raw.socket.pause();
		for (let n = 0; n < 12; n++) await send(gateway, `${"x".repeat(500_000)} part ${n}`);
		await eventually(() => expect(connections[0]?.writableLength).toBeGreaterThan(2 ** 20));
		raw.get(url);
		await streamsOf(gateway, 3);
		raw.socket.resume();
		await raw.until("part 11");
		await eventually(() => expect(connections[0]?.writableLength).toBe(0));
		// dropped, because nothing behind a stream is answered
		raw.get(url);
		await sleep(30);
		expect(gateway.held.streams).toBe(3);
		raw.socket.destroy();

		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("is seen to leave when its streams' turn came after another answer", async () => {
		const others: ServerResponse[] = [];
		const use = (req: IncomingMessage, res: ServerResponse, next: () => void) =>
			req.url?.endsWith("/other") ? void others.push(res) : next();
		const gateway = await startGateway({ sse: QUIET, settings: { use: [use] } });
		const url = gateway.url("news");
		const raw = new RawSocket(gateway.origin);
		raw.get(`${gateway.origin}/other`, gateway.url("silent"), url);
		await streamsOf(gateway, 2);
		const honest = await openRawStream(url);
		await send(gateway, `${"x".repeat(500_000)} all of it`);
		await honest.until("all of it");
		honest.socket.destroy();
		await streamsOf(gateway, 2);
		raw.get(url);
		await streamsOf(gateway, 3);
		others[0]?.end("other");
		await raw.until("sse.open");
		await sleep(30);
		raw.socket.destroy();

		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	// Node drops an unread body when the answer has been sent, which waits behind the stream.
	it("is seen to leave after a request with a body that was refused", async () => {
		const gateway = await startGateway({ sse: { ...QUIET, limits: { streams: 1 } } });
		const raw = new RawSocket(gateway.origin);
		raw.get(gateway.url("news"));
		raw.socket.write(`GET ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n`);
		raw.socket.write("x".repeat(300_000));
		await raw.until("sse.open");
		await sleep(30);
		raw.socket.destroy();

		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});
});

// Node 22.12 then reports only the socket's end, and not the session's or its streams', which stayed for ever.
it("an HTTP/2 client that leaves while frames are unsent leaves none of its streams behind", async () => {
	const gateway = await startGateway({ settings: { http2: true } });
	const session = connectHttp2(gateway.origin);
	const streams = await Promise.all(
		Array.from({ length: 100 }, () => openHttp2Stream(session, gateway.url("news")))
	);
	await send(gateway, "x");
	for (const stream of streams.slice(50)) stream.close();
	session.destroy();

	await eventually(() => expect(gateway.held).toEqual(NOTHING));
});

function thrower(): never {
	throw new Error("not to be looked at");
}

describe("what other code observes", () => {
	type Middleware = (req: IncomingMessage, res: ServerResponse, next: () => void) => void;

	const startWith = (middleware: Middleware, sse = {}) =>
		startGateway({ sse, settings: { use: [middleware] } });

	// Session stores, caches and agents wrap `end` to know when a response is over; it was never called.
	it("a wrapped `end` is called once, when the stream reaches the end of its life", async () => {
		let ended = 0;
		const gateway = await startWith(
			(_req, res, next) => {
				const { end } = res;
				res.end = function (this: ServerResponse, ...args: unknown[]) {
					ended++;
					return Reflect.apply(end, this, args);
				} as ServerResponse["end"];
				next();
			},
			{ timeout: 300 }
		);
		const stream = await requestStream(gateway.url("news"));
		expect(await stream.end).toBe("ended");

		expect(ended).toBe(1);
	});

	// express-session's `end(chunk, encoding)` expects no callback: it took one for a chunk, and the answer broke off.
	it.each([0, 150])("a wrapped `end` gets nothing but a chunk: drain %i", async drain => {
		const given: unknown[][] = [];
		const gateway = await startWith(
			(_req, res, next) => {
				const { end } = res;
				res.end = function (this: ServerResponse, ...args: unknown[]) {
					given.push(args);
					// it saves the session first
					setTimeout(() => Reflect.apply(end, this, args), 20);
					return this;
				} as ServerResponse["end"];
				next();
			},
			{ drain }
		);
		const stream = await openRawStream(gateway.url("news"));
		// so that there is a window: a single stream is closed at once
		for (let more = 0; drain > more; more += 10) await openRawStream(gateway.url("news"));
		const { origin } = gateway;
		const late = drain > 0 ? new RawSocket(origin) : undefined;
		await eventually(() => expect(late?.socket.readyState ?? "open").toBe("open"));
		const stopped = gateway.broker.stop();
		late?.get(`${origin}${PATH}`);
		await stopped;
		await stream.closed;

		expect(stream.text).toMatch(/event: sse\.close\ndata: .*\n\n\r\n0\r\n\r\n$/);
		if (late !== undefined) {
			await late.closed;
			expect(late.text).toMatch(/event: sse\.close\ndata: .*\n\n\r\n0\r\n\r\n$/);
		}
		for (const args of given) {
			expect(args.length).toBeLessThanOrEqual(1);
			expect(args[0] === undefined || args[0] instanceof Uint8Array).toBe(true);
		}
	});

	it("an agent that hears of responses on Node's own channel hears of the end", async () => {
		const ended: unknown[] = [];
		const onFinish = (message: unknown) => void ended.push(message);
		subscribe("http.server.response.finish", onFinish);
		onTestFinished(() => void unsubscribe("http.server.response.finish", onFinish));
		const gateway = await startGateway({ sse: { timeout: 150 } });
		const stream = await requestStream(gateway.url("news"));
		expect(await stream.end).toBe("ended");
		await eventually(() => expect(ended).toHaveLength(1));
	});

	// It looked like moleculer-web's own, which are done when the head is sent, and was taken for one: the promise stayed open.
	it("a listener that reads like one of moleculer-web's is still told of the close", async () => {
		let over = 0;
		const gateway = await startWith((_req, res, next) => {
			const closed = new Promise((resolve, reject) => {
				res.once("close", () => resolve(true));
				res.once("error", err => reject(err));
			});
			closed.then(() => over++);
			next();
		});
		const raw = await openRawStream(gateway.url("news"));
		await sleep(40);
		raw.socket.destroy();

		await eventually(() => expect(over).toBe(1));
	});

	it("so is one with the name of Node's", async () => {
		let over = 0;
		const gateway = await startWith((_req, res, next) => {
			const resOnFinish = () => void over++;
			res.once("close", resOnFinish.bind(undefined));
			next();
		});
		const raw = await openRawStream(gateway.url("news"));
		await sleep(40);
		raw.socket.destroy();

		await eventually(() => expect(over).toBe(1));
	});

	it("a PerformanceObserver of `http` hears of the end", async () => {
		const urls: string[] = [];
		const observer = new PerformanceObserver(list => {
			for (const entry of list.getEntries()) {
				const { name, detail } = entry as { name: string; detail?: { req: { url: string } } };
				if (name === "HttpRequest") urls.push(detail?.req.url ?? "");
			}
		});
		observer.observe({ entryTypes: ["http"] });
		onTestFinished(() => observer.disconnect());
		const gateway = await startGateway({ sse: { timeout: 150 } });
		const stream = await requestStream(gateway.url("news"));
		expect(await stream.end).toBe("ended");

		await eventually(() => expect(urls.join()).toContain("eventName=news"));
	});

	// It could not be converted to a string: that threw out of the turn's writes, which never continued, for any stream.
	it.each([
		["nothing that has a text", Object.create(null)],
		["what throws when it is looked at", new Proxy({}, { getPrototypeOf: () => thrower() })]
	])("a `write` that throws %s breaks off its own stream, and no other", async (_, thrown) => {
		const uncaught = watchUncaught();
		const gateway = await startWith((req, res, next) => {
			const { write } = res;
			let writes = 0;
			res.write = function (this: ServerResponse, ...args: unknown[]) {
				if (req.headers.bad !== undefined && ++writes > 1) throw thrown;
				return Reflect.apply(write, this, args);
			} as ServerResponse["write"];
			next();
		});
		const bad = await requestStream(gateway.url("news"), { headers: { bad: "1" } });
		const good = await requestStream(gateway.url("news"));
		await good.next("sse.open");
		for (const n of [1, 2, 3]) await send(gateway, n);
		await good.next("news", 3);

		expect(await bad.end).toBe("broken");
		expect(gateway.held.streams).toBe(1);
		expect(uncaught).toEqual([]);
	});

	it("a server that allows half-open connections keeps the stream of a client that has sent everything", async () => {
		const gateway = await startGateway();
		Reflect.set(gateway.service.server, "httpAllowHalfOpen", true);
		const raw = await openRawStream(gateway.url("news"));
		await sleep(40);
		raw.socket.end();
		await sleep(40);
		await send(gateway, "hello");
		await raw.until("hello");
	});

	// Agents replace the prototype's `emit`, and end a span with the response's "close".
	it("an `emit` that was replaced for all responses hears of the close", async () => {
		const { emit } = ServerResponse.prototype;
		const open = new Set<ServerResponse>();
		ServerResponse.prototype.emit = function (this: ServerResponse, name: string, ...args) {
			if (name === "close") open.delete(this);
			return emit.call(this, name, ...args);
		} as typeof emit;
		// it is EventEmitter's
		onTestFinished(() => void Reflect.deleteProperty(ServerResponse.prototype, "emit"));
		const gateway = await startWith((_req, res, next) => {
			open.add(res);
			next();
		});
		const raw = await openRawStream(gateway.url("news"));
		await sleep(40);
		expect(open.size).toBe(1);
		raw.socket.destroy();

		await eventually(() => expect(open.size).toBe(0));
	});

	// moleculer-web's `$ctx` was taken away from them: their listener threw, and the process ended.
	it.each(["HTTP/1.1", "HTTP/2"])("a listener finds `$ctx` and `query`, over %s", async wire => {
		const uncaught = watchUncaught();
		const seen: unknown[] = [];
		const gateway = await startGateway({
			settings: {
				http2: wire === "HTTP/2",
				use: [
					(req: IncomingMessage, res: ServerResponse, next: () => void) => {
						res.on("close", () => {
							const requestID = Reflect.get(req, "$ctx").requestID as string;
							seen.push([typeof requestID, Reflect.get(req, "query")]);
						});
						next();
					}
				]
			}
		});
		if (wire === "HTTP/2") {
			const stream = await openHttp2Stream(connectHttp2(gateway.origin), gateway.url("news"));
			await sleep(40);
			stream.close();
		} else {
			const raw = await openRawStream(gateway.url("news"));
			await sleep(40);
			raw.socket.destroy();
		}

		await eventually(() => expect(seen).toEqual([["string", { eventName: "news" }]]));
		expect(uncaught).toEqual([]);
	});

	// A timer released the request while other code was still working on it.
	it.each([false, true])(
		"a middleware around the request's action finds everything there until it is done: HTTP/2 %s",
		async http2 => {
			const seen: unknown[] = [];
			const watcher = {
				localAction(next: (ctx: Context) => Promise<unknown>, action: { name?: string }) {
					if (action.name !== "api.rest") return next;
					return async (ctx: Context) => {
						const result = await next(ctx);
						await sleep(40);
						const { $ctx, $params, query } = Reflect.get(ctx.params as object, "req");
						seen.push([$ctx === ctx, $params, query]);
						return result;
					};
				}
			};
			const gateway = await startGateway({
				settings: { http2 },
				broker: { middlewares: [watcher] }
			});
			if (http2) await openHttp2Stream(connectHttp2(gateway.origin), gateway.url("news"));
			else await requestStream(gateway.url("news"));
			const query = { eventName: "news" };

			await eventually(() => expect(seen).toEqual([[true, query, query]]));
		}
	);

	// With a body that is read to its end the request closes; without one it must not, before the client leaves.
	it("a request without a body does not close before its client leaves", async () => {
		const told: string[] = [];
		const gateway = await startWith((req, _res, next) => {
			req.on("close", () => told.push("close"));
			next();
		});
		const raw = await openRawStream(gateway.url("news"));
		await sleep(60);
		expect(told).toEqual([]);
		raw.socket.destroy();
		await eventually(() => expect(told).toEqual(["close"]));
	});

	it("a response that other code keeps calls back whom it should, and says that it is over", async () => {
		let kept: ServerResponse | undefined;
		const gateway = await startWith((_req, res, next) => {
			kept = res;
			next();
		});
		await requestStream(gateway.url("news"));
		await eventually(() => expect(kept?.socket).toBeNull());
		const response = kept as ServerResponse;
		expect([response.writableEnded, response.destroyed]).toEqual([false, false]);

		expect(await new Promise(resolve => response.write("more", resolve))).toBeInstanceOf(Error);
		await new Promise<void>(resolve => response.end(resolve));
		await new Promise<void>(resolve => response.end(resolve));
		expect([response.writableEnded, response.destroyed]).toEqual([true, true]);
	});

	it.each(["end", "destroy"] as const)(
		"a response that other code keeps, and whose `%s` it calls one day, ends the stream",
		async method => {
			let kept: ServerResponse | undefined;
			const gateway = await startWith((_req, res, next) => {
				kept = res;
				next();
			});
			const raw = await openRawStream(gateway.url("news"));
			await eventually(() => expect(kept?.socket).toBeNull());
			kept?.[method]();
			await raw.closed;

			expect(raw.text.endsWith("0\r\n\r\n")).toBe(method === "end");
			await eventually(() => expect(gateway.held).toEqual(NOTHING));
		}
	);

	it.each(["write", "end", "writeHead"] as const)(
		"a wrapped `%s` that throws breaks off its own stream, and is logged; nothing is uncaught",
		async method => {
			const uncaught = watchUncaught();
			const rejections = watchRejections();
			const clocks = stubClocks();
			let calls = 0;
			const gateway = await startGateway({
				sse: { timeout: LIFE },
				settings: {
					use: [
						(req: IncomingMessage, res: ServerResponse, next: () => void) => {
							const own = Reflect.get(res, method) as (...args: unknown[]) => unknown;
							if (req.headers["x-fails"] !== undefined) {
								Reflect.set(res, method, (...args: unknown[]) => {
									// the first frame gets through
									if (method === "write" && ++calls === 1) return Reflect.apply(own, res, args);
									throw new Error("the wrapper's own");
								});
							}
							next();
						}
					]
				}
			});
			const other = await requestStream(gateway.url("news"));
			const raw = new RawSocket(gateway.origin);
			raw.socket.write(`GET ${PATH} HTTP/1.1\r\nhost: x\r\nx-fails: 1\r\n\r\n`);
			if (method !== "writeHead") await raw.until("sse.open");
			await send(gateway, 1);
			await other.next("news");
			clocks.pass(2 * LIFE);
			await raw.closed;

			expect(gateway.log.at("error").join()).toContain("the wrapper's own");
			await eventually(() => expect(gateway.held).toEqual(NOTHING));
			expect(uncaught).toEqual([]);
			expect(await rejections()).toEqual([]);
		}
	);
});

// Node does not count a socket that it has handed over: the application's server never closed.
it("an application ends its own server, with closeAllConnections, before the broker", async () => {
	const gateway = await startGateway({ settings: { server: false } });
	const { express } = gateway.service as unknown as { express(): (...args: unknown[]) => void };
	const handle = express.call(gateway.service);
	const server = createServer((req, res) => handle(req, res, () => res.end()));
	await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
	const streams = await Promise.all([1, 2, 3].map(() => openRawStream(url)));
	await sleep(40);
	server.closeAllConnections();
	await new Promise(resolve => server.close(resolve));

	await Promise.all(streams.map(({ closed }) => closed));
	await eventually(() => expect(gateway.held).toEqual(NOTHING));
});

// Node accepts any Duplex as a connection (multiplexers, tunnels); it lacks some of what sockets have.
it("a stream over something that is not a socket is served, told its end, and forgotten", async () => {
	const gateway = await startGateway({ settings: { server: false } });
	const { express } = gateway.service as unknown as { express(): (...args: unknown[]) => void };
	const handle = express.call(gateway.service);
	const server = createServer((req, res) => handle(req, res, () => res.end()));
	const [client, connection] = duplexPair();
	server.emit("connection", connection);
	let text = "";
	client.setEncoding("utf8").on("data", (part: string) => {
		text += part;
	});
	client.write(`GET ${PATH} HTTP/1.1\r\nhost: x\r\n\r\n`);
	await eventually(() => expect(text).toContain("sse.open"));
	await send(gateway, "hello");
	await eventually(() => expect(text).toContain("hello"));
	await revoke(gateway);
	await eventually(() => expect(text).toContain("logged out"));

	await eventually(() => expect(gateway.held).toEqual(NOTHING));
	expect(gateway.log.at("error")).toEqual([]);
});
