import { describe, expect, it, jest } from "@jest/globals";
import { EventSource } from "eventsource";
import type { ErrorRequestHandler } from "express";
import { Errors, type ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import type {
	SseGatewayRequest,
	SseGatewayResponse,
	SseMixinOptions
} from "../../mixins/sse/index.ts";
import { connectHttp2 } from "../support/clients/http2-client.ts";
import { refusal, send } from "../support/clients/request.ts";
import { openStream, requestStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { startExpressGateway } from "../support/gateway/express-gateway.ts";
import { type GatewaySetup, NOTHING, startGateway } from "../support/gateway/gateway.ts";
import { metric } from "../support/gateway/metrics.ts";
import { hurry } from "../support/hurry.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { watchRejections } from "../support/rejections.ts";

const { RateLimitExceeded, ServiceUnavailableError } = ApiGateway.Errors;

type Next = (error?: unknown) => void;

const UNAVAILABLE = /^retry: \d+\nevent: sse\.close\ndata: \{"reason":"unavailable"\}\n\n$/;

const down = () => Promise.reject(new Error("the store is down"));

/** A gateway with one route of the application, `/live`. */
const live = (
	route: Record<string, unknown>,
	{ sse, settings, ...rest }: GatewaySetup & Parameters<typeof startGateway>[0] = {}
) =>
	startGateway({
		sse: { path: null, session: () => "alice", ...sse },
		settings: {
			routes: [{ path: "/", aliases: { "GET /live": { type: "sse" } }, ...route }],
			...settings
		},
		...rest
	});

/** The `retry:` of a refusal. */
async function retryOf(url: string, headers: Record<string, string> = {}): Promise<number> {
	const stream = await requestStream(url, { headers });
	await stream.end;
	expect(stream.text).toMatch(UNAVAILABLE);
	return stream.retries[0] as number;
}

describe("a page whose stream is refused for a temporary reason", () => {
	const sessions: ServiceSchema = { name: "sessions", actions: { find: () => "alice" } };

	it.each([
		["session", { session: ctx => ctx.call("sessions.find") }],
		[
			"authorize",
			{ session: () => "alice", authorize: async ctx => !!(await ctx.call("sessions.find")) }
		]
	] as [string, SseMixinOptions][])(
		"comes back by itself after the service that %s asks was away for a second",
		async (_, sse) => {
			const gateway = await startGateway({
				sse: { timeout: 200, retry: [50, 70], ...sse },
				services: [sessions]
			});
			const page = new EventSource(gateway.url("news"));
			onTestFinished(() => page.close());
			const got: string[] = [];
			const closes: string[] = [];
			page.addEventListener("news", ({ data }) => got.push(data));
			page.addEventListener("sse.close", ({ data }) => closes.push(data));
			await eventually(() => expect(gateway.held.streams).toBe(1));

			const service = gateway.broker.getLocalService("sessions");
			await gateway.broker.destroyService(service);
			await eventually(() => expect(closes).toContain('{"reason":"unavailable"}'));
			expect(page.readyState).not.toBe(EventSource.CLOSED);
			gateway.broker.createService(sessions);
			await gateway.broker.waitForServices("sessions");
			await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

			await eventually(() => expect(got).toEqual(["1"]));
		}
	);

	it("comes back when the window of the route's rate limit is over", async () => {
		const gateway = await live(
			{ rateLimit: { limit: 1, window: 700, headers: true } },
			{ sse: { retry: [0, 20] } }
		);
		const url = gateway.at("/live", "news");
		(await openStream(url)).close();
		const page = new EventSource(url);
		onTestFinished(() => page.close());
		const opened = jest.fn();
		page.addEventListener("sse.open", opened);

		await eventually(() => expect(opened).toHaveBeenCalledTimes(1));
	});
});

describe("the retry of such a refusal", () => {
	it("is drawn from the range of the option", async () => {
		const gateway = await startGateway({ sse: { session: down, retry: [70, 72] } });
		const retry = await retryOf(gateway.url("news"));

		expect([70, 71, 72]).toContain(retry);
	});

	it("exists even if the option is off", async () => {
		const gateway = await startGateway({ sse: { session: down, retry: null } });
		const retry = await retryOf(gateway.url("news"));

		expect(retry).toBeGreaterThanOrEqual(2000);
		expect(retry).toBeLessThanOrEqual(5000);
	});

	// With a short range a hundred pages of one address asked an unavailable session store a thousand times a second.
	it("grows with the refusals of the same address, up to some seconds", async () => {
		const gateway = await startGateway({
			sse: { session: down, retry: [0, 0], trustProxy: true }
		});
		const retries: number[] = [];
		for (let n = 0; n < 100; n++) {
			retries.push(await retryOf(gateway.url("news"), { "x-forwarded-for": "192.0.2.1" }));
		}
		const other = await retryOf(gateway.url("news"), { "x-forwarded-for": "192.0.2.2" });

		retries.forEach((retry, n) => {
			const growth = Math.min(n * 500, 5000);
			expect(retry).toBeGreaterThanOrEqual(growth / 2);
			expect(retry).toBeLessThanOrEqual(growth);
		});
		expect(new Set(retries.slice(10)).size).toBeGreaterThan(50);
		expect(other).toBe(0);
	});

	it.each([
		[
			"in the error",
			() => Promise.reject(Object.assign(new Error("busy"), { headers: { "Retry-After": "7" } }))
		],
		[
			"in the error, as fetch has it",
			() => {
				const headers = new Headers({ "retry-after": "7" });
				return Promise.reject(Object.assign(new Error("busy"), { headers }));
			}
		],
		[
			"in the response",
			(_ctx: unknown, _route: unknown, _req: unknown, res: SseGatewayResponse) => {
				res.setHeader("retry-after", 7);
				throw new ServiceUnavailableError("BUSY", null);
			}
		],
		[
			"in ctx.meta, for moleculer-web",
			(ctx: { meta: Record<string, unknown> }) => {
				ctx.meta.$responseHeaders = { "Retry-After": new Date(Date.now() + 7900).toUTCString() };
				throw new RateLimitExceeded("BUSY", null);
			}
		]
	])("starts after a Retry-After that is %s", async (_, onBeforeCall) => {
		const gateway = await live({ onBeforeCall }, { sse: { retry: [10, 20] } });
		const retry = await retryOf(gateway.at("/live", "news"));

		expect(retry).toBeGreaterThan(6000);
		expect(retry).toBeLessThanOrEqual(8000);
	});

	it("also does if session throws it", async () => {
		const session = () =>
			Promise.reject(Object.assign(new Error("busy"), { headers: { "Retry-After": "7" } }));
		const gateway = await startGateway({ sse: { session, retry: [10, 10] } });

		expect(await retryOf(gateway.url("news"))).toBe(7010);
	});

	it.each([
		["999999999", 300_000],
		["soon", 0],
		["-5", 0],
		["1e9", 0],
		["Thu, 01 Jan 1970 00:00:00 GMT", 0]
	])("is limited whatever Retry-After says: %s", async (value, wait) => {
		const onBeforeCall = () => {
			throw Object.assign(new Error("busy"), { status: 503, headers: { "retry-after": value } });
		};
		const gateway = await live({ onBeforeCall }, { sse: { retry: [10, 10] } });

		expect(await retryOf(gateway.at("/live", "news"))).toBe(wait + 10);
	});

	// It was read before anything was caught: the request was never answered.
	it.each([
		["headers", { status: 503 }],
		["status", { headers: { "retry-after": "7" } }],
		["message", { status: 503, headers: { "retry-after": "7" } }],
		["stack", { headers: { "retry-after": "7" } }]
	])("exists even if the error's %s cannot be read", async (name, fields) => {
		const get = () => {
			throw new Error(`no ${name}`);
		};
		const onBeforeCall = () => {
			throw Object.defineProperty(Object.assign(new Error("busy"), fields), name, { get });
		};
		const gateway = await live({ onBeforeCall }, { sse: { retry: [10, 10] } });

		expect(await retryOf(gateway.at("/live", "news"))).toBe(name === "headers" ? 10 : 7010);
	});

	it("starts after the window of the route's rate limit, whose headers stay", async () => {
		const gateway = await live(
			{ rateLimit: { limit: 1, window: 60_000, headers: true } },
			{ sse: { retry: [10, 20] } }
		);
		const url = gateway.at("/live", "news");
		await openStream(url);
		const stream = await requestStream(url);
		await stream.end;

		expect(stream.text).toMatch(UNAVAILABLE);
		expect(stream.retries[0]).toBeGreaterThan(50_000);
		expect(stream.retries[0]).toBeLessThanOrEqual(60_020);
		expect(stream.headers).toMatchObject({
			"x-rate-limit-limit": "1",
			"x-rate-limit-remaining": "0",
			"x-rate-limit-reset": expect.stringMatching(/^\d+$/)
		});
		expect(gateway.held.streams).toBe(1);
	});
});

describe("such a refusal", () => {
	const use = [(_req: unknown, _res: unknown, next: Next) => next(new Error("down"))];
	const cors = { origin: "https://shop.example", credentials: true };

	it.each([
		["before moleculer-web has written them", { use }],
		["after it", { onBeforeCall: down }]
	])("has the route's CORS headers if something fails %s", async (_, route) => {
		const gateway = await live({ ...route, cors });
		const headers = { origin: "https://shop.example" };
		const stream = await requestStream(gateway.at("/live", "news"), { headers });

		expect(stream.status).toBe(200);
		expect(stream.headers).toMatchObject({
			"access-control-allow-origin": "https://shop.example",
			"access-control-allow-credentials": "true",
			vary: "Origin"
		});
	});

	it("is permanent if the origin is refused, whatever else has failed", async () => {
		const gateway = await live({ use, cors });
		const headers = { origin: "https://elsewhere.example" };
		const { error } = await refusal(gateway.at("/live", "news"), { headers });

		expect(error).toMatchObject({ code: 403, type: "ORIGIN_NOT_ALLOWED" });
	});

	// Asking about the origin failed again when the failure was to be answered, and so on for ever.
	it("is sent for CORS settings that fail", async () => {
		const origin = () => {
			throw new Error("down");
		};
		const gateway = await live({ cors: { origin } });
		const headers = { origin: "https://shop.example" };

		await retryOf(gateway.at("/live", "news"), headers);
	});

	it("keeps the headers of middlewares, except those of a body that is not sent", async () => {
		const onBeforeCall = (
			_ctx: unknown,
			_route: unknown,
			_req: unknown,
			res: SseGatewayResponse
		) => {
			res.setHeader("X-Trace", "7");
			res.setHeader("Content-Type", "application/json");
			res.setHeader("Content-Length", 2);
			res.setHeader("Content-Encoding", "br");
			res.setHeader("ETag", '"x"');
			throw new Error("down");
		};
		const gateway = await live({ onBeforeCall });
		const stream = await requestStream(gateway.at("/live", "news"));
		await stream.end;

		expect(stream.text).toMatch(UNAVAILABLE);
		expect(stream.headers).toMatchObject({ "x-trace": "7", "content-type": "text/event-stream" });
		expect(stream.headers).not.toHaveProperty("content-encoding");
		expect(stream.headers).not.toHaveProperty("etag");
	});

	it("has only headers for HEAD", async () => {
		const gateway = await startGateway({ sse: { session: down } });
		const { status, headers, text } = await send(gateway.url("news"), { method: "HEAD" });

		expect([status, headers["content-type"], text]).toEqual([200, "text/event-stream", ""]);
	});

	// A client whose EventSource has stopped asks by HEAD why: each failure was logged twice, and its wait grew twice.
	it("is neither logged nor counted for HEAD, and lengthens no wait", async () => {
		const down = () => Promise.reject(new Errors.ServiceNotAvailableError({ action: "x" }));
		const gateway = await startGateway({
			sse: { path: null, retry: [1000, 1000] },
			settings: {
				routes: [{ path: "/live", aliases: { "GET /": { type: "sse" } }, onBeforeCall: down }]
			}
		});
		const url = gateway.at("/live", "news");
		for (let n = 0; n < 20; n++) {
			expect((await send(url, { method: "HEAD" })).status).toBe(200);
		}
		expect(gateway.log.at("warn")).toEqual([]);
		const stream = await requestStream(url);
		await stream.end;

		expect(stream.retries).toEqual([1000]);
		expect(gateway.log.at("warn").length).toBe(1);
	});

	it("has only headers for HEAD over HTTP/2", async () => {
		const gateway = await startGateway({
			sse: { session: down },
			settings: { http2: true }
		});
		const session = connectHttp2(gateway.origin);
		const { pathname, search } = new URL(gateway.url("news"));
		const stream = session.request({ ":path": pathname + search, ":method": "HEAD" });
		const answer = Promise.withResolvers<unknown[]>();
		stream.on("response", headers => {
			stream.on("error", answer.reject);
			stream.on("end", () => answer.resolve([headers[":status"], headers["content-type"]]));
			stream.resume();
		});

		expect(await answer.promise).toEqual([200, "text/event-stream"]);
	});

	it("is plain, even if streams are compressed", async () => {
		const gateway = await startGateway({ sse: { session: down, compression: {} } });
		const stream = await requestStream(gateway.url("news"), {
			headers: { "accept-encoding": "gzip" }
		});
		await stream.end;

		expect(stream.headers).not.toHaveProperty("content-encoding");
		expect(stream.text).toMatch(UNAVAILABLE);
	});

	it("leaves a ticket unused", async () => {
		let fails = false;
		const gateway = await startGateway({
			sse: {
				ticket: { secret: "x".repeat(32) },
				session: () => "alice",
				authorize: () => (fails ? down() : true)
			},
			settings: {
				routes: [{ path: "/api", aliases: { "POST /ticket": "api.sseTicket" } }]
			}
		});
		const { text } = await send(`${gateway.origin}/api/ticket`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ eventName: "news" })
		});
		const url = `${gateway.url("news")}&ticket=${JSON.parse(text).ticket}`;
		fails = true;
		await retryOf(url);
		fails = false;

		await openStream(url);
	});

	it("is sent for a full bulkhead, before the request has a route", async () => {
		const gate = createGate<string>();
		const gateway = await startGateway({
			sse: { session: () => gate.wait() },
			broker: { bulkhead: { enabled: true, concurrency: 1, maxQueueSize: 1 } }
		});
		const waiting = [openStream(gateway.url("news")), openStream(gateway.url("news"))];
		await gate.reached;
		// the second of them is in the queue when a third one is refused
		await eventually(async () => expect(await retryOf(gateway.url("news"))).toBeGreaterThan(0));
		gate.open("alice");
		await Promise.all(waiting);

		expect(gateway.held.streams).toBe(2);
	});

	it("is sent for a call that takes longer than the broker's requestTimeout", async () => {
		const gate = createGate();
		onTestFinished(() => gate.open());
		const gateway = await startGateway({
			sse: { session: ctx => ctx.call("store.find") },
			services: [{ name: "store", actions: { find: () => gate.wait() } }],
			broker: { requestTimeout: 50 }
		});

		await retryOf(gateway.url("news"));
	});

	it("is sent for rootCallOptions that throw", async () => {
		const rejections = watchRejections();
		const gateway = await startGateway({
			settings: {
				rootCallOptions: () => {
					throw new Error("down");
				}
			}
		});
		await retryOf(gateway.url("news"));

		expect(await rejections()).toEqual([]);
	});
});

describe("an application that takes its time", () => {
	it.each(["session", "authorize"])(
		"with %s is waited for no longer than proxies wait, and opens nothing afterwards",
		async option => {
			hurry();
			const gate = createGate<never>();
			const gateway = await startGateway({
				sse: { session: () => "alice", [option]: () => gate.wait() }
			});
			await retryOf(gateway.url("news"));
			gate.open((option === "session" ? "alice" : true) as never);
			await new Promise(setImmediate);

			expect(gateway.held).toEqual(NOTHING);
			expect(gateway.log.at("warn").join()).toContain("within 25 seconds");
		}
	);

	it("with a middleware is, too", async () => {
		hurry();
		const gateway = await live({ use: [() => {}] });

		await retryOf(gateway.at("/live", "news"));
	});

	// Nothing limited the time that an opening took: the request was never answered.
	it.each([
		["session", { sse: { session: () => new Promise<never>(() => {}) } }],
		["a middleware", { use: [() => {}] }]
	])(
		"with %s is waited for just as long if temporary failures have their status",
		async (_, how) => {
			hurry();
			const { sse = {}, ...route } = how as { sse?: SseMixinOptions };
			const gateway = await live(route, {
				sse: { refusals: "http", ...sse },
				broker: { metrics: true }
			});
			const { status, error } = await refusal(gateway.at("/live", "news"));

			expect(status).toBe(504);
			expect(error.message).toContain("within 25 seconds");
			expect(metric(gateway.broker, "streams.refused{unavailable}")).toBe(1);
			expect(gateway.log.at("error").join()).toContain("within 25 seconds");
		}
	);

	it("is not waited for any longer if the request would be refused in any case", async () => {
		hurry();
		const gateway = await live({ use: [() => {}] });

		expect((await send(gateway.at("/live"))).status).toBe(504);
	});

	it("does not matter to a stream that is open", async () => {
		hurry();
		const gateway = await startGateway({ sse: { heartbeat: 200 } });
		const stream = await openStream(gateway.url("news"));
		await stream.next("sse.heartbeat");

		expect(gateway.held.streams).toBe(1);
		expect(stream.received("sse.close")).toEqual([]);
	});
});

describe("what is the application's", () => {
	const onError = (
		_req: unknown,
		res: { writeHead(code: number): void; end(text: string): void },
		error: { code: number; type: string }
	) => {
		res.writeHead(error.code);
		res.end(`refused: ${error.type}`);
	};
	const refuse = (code: number) => () => {
		throw new Errors.MoleculerError("no", code, "NO");
	};

	it.each([
		["the route's", { onError }, {}],
		["the gateway's", {}, { onError }]
	])("%s onError hears only of permanent failures", async (_, route, settings) => {
		const routes = [{ path: "/", aliases: { "GET /live": { type: "sse" } }, ...route }];
		const start = (code: number) =>
			live(
				{},
				{ settings: { ...settings, routes: [{ ...routes[0], onBeforeCall: refuse(code) }] } }
			);
		const url = async (code: number) => (await start(code)).at("/live", "news");

		await retryOf(await url(503));
		expect((await send(await url(410))).text).toBe("refused: NO");
	});

	it("an answer that it gives itself stays as it is", async () => {
		const use = [
			(_req: unknown, res: SseGatewayResponse) => {
				(res as import("node:http").ServerResponse).writeHead(503).end("closed for today");
			}
		];
		const gateway = await live({ use });
		const { status, text } = await send(gateway.at("/live", "news"));

		expect([status, text]).toEqual([503, "closed for today"]);
	});

	it("an answer that it gives itself stays, even if its middleware then fails", async () => {
		const rejections = watchRejections();
		const use = [
			async (_req: unknown, res: SseGatewayResponse) => {
				(res as import("node:http").ServerResponse).writeHead(503).end("closed for today");
				throw new Error("too late");
			}
		];
		const gateway = await live({ use });
		const { status, text } = await send(gateway.at("/live", "news"));

		expect([status, text]).toEqual([503, "closed for today"]);
		expect(await rejections()).toEqual([]);
	});

	it("a middleware that fails after it has passed the request on does not end the process", async () => {
		const rejections = watchRejections();
		const use = [
			async (_req: unknown, _res: unknown, next: Next) => {
				next();
				throw new Error("too late");
			}
		];
		const gateway = await live({ use });
		await openStream(gateway.at("/live", "news"));

		expect(await rejections()).toEqual([]);
		expect(gateway.log.at("error").join()).toMatch(
			/failed after the request was answered.*too late/s
		);
	});

	it("an error that it passes to sendError is one of the route", async () => {
		const use = [
			function (
				this: { sendError(...args: unknown[]): void },
				req: SseGatewayRequest,
				res: SseGatewayResponse
			) {
				this.sendError(req, res, new ServiceUnavailableError("BUSY", null));
			}
		];
		const gateway = await live({ use });

		await retryOf(gateway.at("/live", "news"));
	});

	it("an errorHandler of its own is asked only about permanent failures", async () => {
		const errorHandler = jest.fn(function (this: { sendError(...args: unknown[]): void }, ...args) {
			this.sendError(...args);
		});
		const gateway = await live(
			{
				onBeforeCall: (_ctx: unknown, _route: unknown, req: SseGatewayRequest) =>
					refuse(Number(req.headers["x-code"]))()
			},
			{ schema: { methods: { errorHandler } } }
		);
		const url = gateway.at("/live", "news");
		await retryOf(url, { "x-code": "503" });
		expect(errorHandler).not.toHaveBeenCalled();

		expect((await send(url, { headers: { "x-code": "410" } })).status).toBe(410);
		expect(errorHandler).toHaveBeenCalledTimes(1);
	});

	it("what Express has after the gateway sees no such error", async () => {
		const handler = jest.fn<ErrorRequestHandler>(
			(_error, _req, res, _next) => void res.status(500).end()
		);
		const gateway = await startExpressGateway(
			{ sse: { session: down } },
			{ extend: app => void app.use(handler) }
		);
		await retryOf(gateway.url("news"));

		expect(handler).not.toHaveBeenCalled();
	});
});

describe("requests that never become streams keep their statuses", () => {
	const failing = { onBeforeCall: down };

	it.each([
		["no event name", "/live", {}],
		["a client that takes no streams", "/live?eventName=news", { accept: "application/json" }],
		["an event name that is none", "/live?eventName=sse.x", {}]
	])("%s", async (_, path, headers) => {
		const gateway = await live(failing);
		const { status } = await refusal(gateway.origin + path, { headers });

		expect(status).toBe(500);
	});

	it("other aliases of the route", async () => {
		const gateway = await live({
			...failing,
			aliases: { "GET /live": { type: "sse" }, "GET /x": "x.y" }
		});

		expect((await refusal(`${gateway.origin}/x?eventName=news`)).status).toBe(503);
		expect((await send(`${gateway.origin}/nowhere?eventName=news`)).status).toBe(404);
	});

	it("other methods", async () => {
		const gateway = await startGateway({
			settings: { rateLimit: { limit: 0, window: 60_000 } }
		});

		expect((await refusal(gateway.url("news"), { method: "POST" })).status).toBe(429);
	});
});

describe("the log of such refusals", () => {
	it("has a fault once, with its stack, however many there are, and none of moleculer-web's", async () => {
		const gateway = await live({ onBeforeCall: down });
		for (let n = 0; n < 50; n++) await retryOf(gateway.at("/live", "news"));
		const errors = gateway.log.at("error");

		expect(errors).toHaveLength(1);
		expect(errors[0]).toMatch(/^SSE: a stream cannot be opened now.*the store is down\n\s+at /);
	});

	it("has an error that is not the application's fault in one line", async () => {
		const gateway = await live({
			onBeforeCall: () => {
				throw new Errors.ServiceNotFoundError({ action: "users.find" });
			}
		});
		for (let n = 0; n < 50; n++) await retryOf(gateway.at("/live", "news"));

		expect(gateway.log.at("error")).toEqual([]);
		expect(gateway.log.at("warn").filter(text => text.startsWith("SSE"))).toEqual([
			expect.stringMatching(/^SSE: a stream cannot be opened now.*'users.find' is not found\.$/)
		]);
	});

	it.each(["session", "authorize"])("has what %s throws once", async option => {
		const gateway = await startGateway({ sse: { session: () => "alice", [option]: down } });
		for (let n = 0; n < 50; n++) await retryOf(gateway.url("news"));

		expect(gateway.log.at("error")).toEqual([
			expect.stringMatching(
				new RegExp(
					`^SSE: "${option}" failed, and the request is refused: Error: the store is down\\n +at `
				)
			)
		]);
	});
});
