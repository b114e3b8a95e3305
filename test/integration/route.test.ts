import { describe, expect, it } from "@jest/globals";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import { SseMixin } from "../../mixins/sse/index.ts";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { refusal, send } from "../support/clients/request.ts";
import { openStream, requestStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import {
	gatewaySchema,
	MIXIN_ORDERS,
	startGateway,
	TestGateway,
	TestNode
} from "../support/gateway/gateway.ts";

/** The answer to a request that did not reach the mixin. */
const mine = (_req: unknown, res: { end(text: string): void }) => res.end("mine");

describe("the route of the mixin", () => {
	it("answers with the head of an event stream, then retry and sse.open at once", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news", "order-update"));

		expect(stream.status).toBe(200);
		expect(stream.headers).toMatchObject({
			"content-type": "text/event-stream",
			"cache-control": "no-cache, no-store, no-transform",
			"x-accel-buffering": "no"
		});
		expect(stream.text).toMatch(
			/^retry: \d+\nevent: sse\.open\ndata: \{"eventNames":\["news","order-update"\],"resumed":false,"heartbeat":15000,"session":"[\w-]{22}","issued":true\}\nid: \S+\n\n$/
		);
	});

	it("sends no Connection header over HTTP/2, which forbids it", async () => {
		const gateway = await startGateway({ settings: { http2: true } });
		const stream = await openHttp2Stream(connectHttp2(gateway.origin), gateway.url("news"));

		expect(stream.status).toBe(200);
		expect(stream.headers).toMatchObject({
			"content-type": "text/event-stream",
			"cache-control": "no-cache, no-store, no-transform",
			"x-accel-buffering": "no"
		});
		expect(stream.headers).not.toHaveProperty("connection");
		expect(stream.headers).not.toHaveProperty("transfer-encoding");
	});

	it("draws each stream's retry from the range", async () => {
		const gateway = await startGateway({ sse: { retry: [70, 72] } });
		const streams = await Promise.all(
			Array.from({ length: 60 }, () => openStream(gateway.url("news")))
		);

		const retries = new Set(streams.flatMap(stream => stream.retries));
		// a value that 60 draws of three miss occurs once in 10^10 runs
		expect([...retries].sort()).toEqual([70, 71, 72]);
	});

	it("draws the default retry from 2 to 5 seconds", async () => {
		const gateway = await startGateway();
		const { retries } = await openStream(gateway.url("news"));

		expect(retries).toHaveLength(1);
		expect(retries[0]).toBeGreaterThanOrEqual(2000);
		expect(retries[0]).toBeLessThanOrEqual(5000);
	});

	it("sends no retry when it is off", async () => {
		const gateway = await startGateway({ sse: { retry: null } });
		const { text } = await openStream(gateway.url("news"));

		expect(text).toMatch(/^event: sse\.open\n/);
	});

	it.each(MIXIN_ORDERS)("streams with the mixins in the order %s", async order => {
		const gateway = await startGateway({ order });
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		expect((await stream.next("news")).data).toBe("1");
	});

	it("is at the path of the option, and nowhere else", async () => {
		const gateway = await startGateway({ sse: { path: "/live/feed" } });

		await openStream(gateway.at("/live/feed", "news"));
		expect((await send(gateway.url("news"))).status).toBe(404);
	});

	it("is under the gateway's own path prefix", async () => {
		const gateway = await startGateway({ settings: { path: "/gateway" } });

		await openStream(gateway.at("/gateway/sse/event-stream", "news"));
		expect((await send(gateway.url("news"))).status).toBe(404);
	});

	it("is found with a trailing slash too", async () => {
		const gateway = await startGateway();

		await openStream(gateway.at("/sse/event-stream/", "news"));
	});

	it("does not exist with path: null", async () => {
		const gateway = await startGateway({ sse: { path: null } });

		expect((await send(gateway.url("news"))).status).toBe(404);
	});
});

describe("the application's own routes", () => {
	const greeter: ServiceSchema = {
		name: "greeter",
		actions: { hello: () => "hello", bye: { rest: "GET /bye", handler: () => "bye" } }
	};
	const routes = () => [
		{ path: "/api", aliases: { "GET /hello": "greeter.hello" }, bodyParsers: { json: true } },
		{ path: "/admin", whitelist: ["greeter.*"], authorization: false, cors: { origin: "*" } }
	];

	it.each(MIXIN_ORDERS)("keep their options, with the mixins in the order %s", async order => {
		const plain = new TestNode();
		const bare = plain.broker.createService({
			name: "api",
			mixins: [ApiGateway],
			settings: { routes: routes() } as Record<string, unknown>
		});
		const gateway = await startGateway({ order, settings: { routes: routes() } });

		const routesOf = (service: unknown): { path: string }[] =>
			(service as { settings: { routes: { path: string }[] } }).settings.routes;
		const paths = routesOf(gateway.service).map(route => route.path);
		expect(paths).toEqual(["/api", "/admin", "/sse/event-stream"]);
		expect(routesOf(gateway.service).slice(0, 2)).toEqual(routesOf(bare));
	});

	it("answer as before", async () => {
		const gateway = await startGateway({ services: [greeter], settings: { routes: routes() } });

		expect((await send(`${gateway.origin}/api/hello`)).text).toBe('"hello"');
		expect((await send(`${gateway.origin}/admin/greeter/hello`)).text).toBe('"hello"');
	});

	it("leave the definition from which the service was created as it was", async () => {
		const schema = gatewaySchema({ settings: { routes: routes() } });
		const node = new TestNode();
		node.broker.createService(schema);

		expect(schema.settings).toEqual({ port: 0, ip: "127.0.0.1", routes: routes() });
		// so that a second node in the same process can use it too
		expect(() => new TestNode().broker.createService(schema)).not.toThrow();
	});

	it("are moleculer-web's default route if there are none", async () => {
		const gateway = await startGateway({ services: [greeter] });

		expect((await send(`${gateway.origin}/greeter/hello`)).text).toBe('"hello"');
		await openStream(gateway.url("news"));
	});

	it.each(["/{*path}", "/:a{/:b}", "/:a/:b"])(
		"do not shadow the stream with the catch-all alias %s",
		async alias => {
			const routes = [{ path: "/", aliases: { [`GET ${alias}`]: mine } }];
			const gateway = await startGateway({ settings: { routes } });

			await openStream(gateway.url("news"));
			expect((await send(`${gateway.origin}/any/thing`)).text).toBe("mine");
		}
	);

	it.each(["/sse/{*path}", "/:a/:b{/:c}", "/sse/:rest"])(
		"do not shadow the stream with %s, which is as deep as the stream's path",
		async alias => {
			const routes = [{ path: "/", aliases: { [`GET ${alias}`]: mine } }];
			const gateway = await startGateway({ settings: { routes } });

			await openStream(gateway.url("news"));
			expect((await send(`${gateway.origin}/sse/other`)).text).toBe("mine");
		}
	);

	it("do not shadow a stream of a short path with a catch-all", async () => {
		const routes = [{ path: "/", aliases: { "GET /{*path}": mine } }];
		const gateway = await startGateway({ sse: { path: "/live" }, settings: { routes } });

		await openStream(gateway.at("/live", "news"));
		expect((await send(`${gateway.origin}/any`)).text).toBe("mine");
	});

	it("do not shadow the stream with a catch-all if aliases keep their order", async () => {
		const routes = [{ path: "/", aliases: { "GET /{*path}": mine } }];
		const gateway = await startGateway({ settings: { routes, optimizeOrder: false } });

		await openStream(gateway.url("news"));
		expect((await send(`${gateway.origin}/any`)).text).toBe("mine");
	});

	it("do not shadow the stream when aliases are generated again", async () => {
		const routes = [{ path: "/", autoAliases: true, aliases: { "GET /{*path}": mine } }];
		const gateway = await startGateway({ settings: { routes, debounceTime: 1 } });
		const regenerated = gateway.broker.localBus;
		const { promise, resolve } = Promise.withResolvers<void>();
		regenerated.once("$api.aliases.regenerated", () => resolve());
		gateway.broker.createService(greeter);
		await promise;

		expect((await send(`${gateway.origin}/greeter/bye`)).text).toBe('"bye"');
		await openStream(gateway.url("news"));
	});
});

describe("a gateway that cannot stream as it is configured does not start", () => {
	const create = (setup: Parameters<typeof gatewaySchema>[0]) => () =>
		new TestGateway(new TestNode(), setup);

	it.each([
		["/", "GET /sse/event-stream"],
		["/sse", "event-stream"],
		["/sse", "GET event-stream/"]
	])("the application has an alias of the stream's path: in %s, %s", (path, alias) => {
		const start = create({ settings: { routes: [{ path, aliases: { [alias]: mine } }] } });

		expect(start).toThrow(expect.objectContaining({ type: "SSE_INVALID_OPTION" }));
	});

	it.each(["/sse/event-stream", "sse/event-stream", "/sse/event-stream/"])(
		"a route of the application has the stream's path, as %s",
		path => {
			const start = create({ settings: { routes: [{ path, aliases: { "GET /": mine } }] } });

			expect(start).toThrow(
				expect.objectContaining({
					name: "SseError",
					type: "SSE_INVALID_OPTION",
					data: { option: "path" },
					message: expect.stringContaining("already a route of this gateway")
				})
			);
		}
	);

	/** A gateway with that alias does not start, and says why. */
	function expectRefused(alias: unknown, remedy: string): void {
		const start = create({
			settings: { routes: [{ path: "/", aliases: { "GET /live": alias } }] }
		} as never);
		expect(start).toThrow(
			expect.objectContaining({
				type: "SSE_INVALID_OPTION",
				data: { alias: "GET /live" },
				message: expect.stringContaining(remedy)
			})
		);
	}

	it.each([
		["an action", { type: "sse", action: "greeter.hello" }],
		["an action, as text", "sse:greeter.hello"],
		["a handler", { type: "sse", handler: mine }]
	])("an alias of type sse has %s", (_, alias) => {
		expectRefused(alias, '"GET /live"');
	});

	it.each([
		["an action among middlewares", [mine, "greeter.hello", { type: "sse" }], "neither action"],
		["one as text among them", [mine, "sse:greeter.hello"], "neither action"],
		["two of them", [{ type: "sse" }, { type: "sse" }], 'one { type: "sse" }'],
		["a type in capitals", { type: "SSE" }, 'type: "sse"'],
		["event names and no type", { eventNames: ["news"] }, 'type: "sse"'],
		["a text for event names", { type: "sse", eventNames: "news" }, "an array of event names"],
		["no event names", { type: "sse", eventNames: [] }, "at least one"],
		["null for event names", { type: "sse", eventNames: null }, "an array of event names"],
		["a name that is no text", { type: "sse", eventNames: ["news", 7] }, "takes a string"],
		["a reserved name", { type: "sse", eventNames: ["sse.open"] }, "reserved"],
		["an empty name", { type: "sse", eventNames: [""] }, "is empty"]
	])("an alias that is meant to stream has %s", (_, alias, remedy) => {
		expectRefused(alias, remedy);
	});

	it("an alias of REST is of type sse", () => {
		const aliases = { "REST /live": { type: "sse" } };

		expect(create({ settings: { routes: [{ path: "/", aliases }] } })).toThrow("write GET");
	});

	it.each([
		[{ events: { news: {} } }, 'has "other" among its eventNames: add it to the option "events"'],
		[{ limits: { eventNamesPerStream: 1 } }, "raise limits.eventNamesPerStream"]
	])("an alias has event names that %j does not allow", (sse, remedy) => {
		const aliases = { "GET /live": { type: "sse", eventNames: ["news", "other"] } };

		expect(create({ sse, settings: { routes: [{ path: "/", aliases }] } })).toThrow(remedy);
	});

	it("the service has no moleculer-web", () => {
		const broker = new ServiceBroker({ logger: false });

		expect(() => broker.createService({ name: "api", mixins: [SseMixin()] })).toThrow(
			expect.objectContaining({
				type: "SSE_INVALID_OPTION",
				message: expect.stringContaining("mixins: [SseMixin(), ApiGateway]")
			})
		);
	});
});

// They were checked only in the settings: a route that was added later replaced the mixin's own, or had an alias that answered
// 404, and nothing was reported.
describe("a route that is added at run time", () => {
	const add = (gateway: TestGateway, route: unknown) =>
		gateway.broker.call("api.addRoute", { route });

	it("streams", async () => {
		const gateway = await startGateway();
		await add(gateway, {
			path: "/live",
			aliases: { "GET /": { type: "sse", eventNames: ["news"] } }
		});
		const stream = await requestStream(gateway.at("/live"));

		expect(JSON.parse((await stream.next("sse.open")).data).eventNames).toEqual(["news"]);
	});

	it.each([
		["an alias with an action", { "GET /": { type: "sse", action: "greeter.hello" } }],
		["an alias as text", { "GET /": "sse:greeter.hello" }],
		["no event names", { "GET /": { type: "sse", eventNames: [] } }],
		["a type in capitals", { "GET /": { type: "SSE" } }]
	])("is refused like one of the settings, and changes nothing: %s", async (_, aliases) => {
		const gateway = await startGateway();
		const before = await gateway.broker.call("api.listAliases");

		await expect(add(gateway, { path: "/live", aliases })).rejects.toMatchObject({
			type: "SSE_INVALID_OPTION",
			data: { alias: "GET /" }
		});
		expect(await gateway.broker.call("api.listAliases")).toEqual(before);
	});

	it.each([
		["its path", { path: "/sse/event-stream/" }],
		["the path of its alias", { path: "/sse", aliases: { "GET event-stream": mine } }]
	])("does not replace the mixin's own, by %s", async (_, route) => {
		const gateway = await startGateway();

		await expect(add(gateway, route)).rejects.toMatchObject({
			type: "SSE_INVALID_OPTION",
			data: { option: "path" }
		});
		await openStream(gateway.url("news"));
	});

	it("may have any path if the mixin has no route", async () => {
		const gateway = await startGateway({ sse: { path: null } });
		await add(gateway, { path: "/sse/event-stream", aliases: { "GET /": { type: "sse" } } });

		await openStream(gateway.url("news"));
	});
});

describe("an action whose `rest` is of type sse", () => {
	it("is logged: an action cannot stream", async () => {
		const rest = { method: "GET" as const, path: "/live", type: "sse" };
		const gateway = await startGateway({
			settings: { routes: [{ path: "/", autoAliases: true }] },
			services: [{ name: "news", actions: { live: { rest, handler: () => "none" } } }]
		});

		// moleculer-web creates such aliases a while after the services exist
		await eventually(() =>
			expect(gateway.log.at("error").join()).toContain('"news.live" has a "rest" of type "sse"')
		);
		expect((await send(`${gateway.origin}/news/live`)).text).toBe('"none"');
	});
});

describe("an alias { type: 'sse' } in a route of the application", () => {
	const live = (route: Record<string, unknown>, setup: Record<string, unknown> = {}) =>
		startGateway({
			sse: { path: null, session: () => "alice" },
			settings: { routes: [{ path: "/", aliases: { "GET /live": { type: "sse" } }, ...route }] },
			...setup
		});

	it("streams", async () => {
		const gateway = await live({});
		const stream = await openStream(gateway.at("/live", "news"));
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "hi" });

		expect((await stream.next("news")).data).toBe('"hi"');
	});

	it("streams beside the mixin's own route", async () => {
		const gateway = await live({}, { sse: {} });

		await openStream(gateway.at("/live", "news"));
		await openStream(gateway.url("news"));
	});

	it("inherits the route's rate limit", async () => {
		const gateway = await live(
			{ rateLimit: { limit: 2, window: 60_000, headers: true } },
			{ sse: { path: null, session: () => "alice", refusals: "http" } }
		);
		const url = gateway.at("/live", "news");
		const { headers } = await openStream(url);
		await openStream(url);

		expect(headers["x-rate-limit-remaining"]).toBe("1");
		expect((await refusal(url)).error).toMatchObject({ code: 429, name: "RateLimitExceeded" });
		expect(gateway.held.streams).toBe(2);
	});

	// A page whose EventSource is refused asks by HEAD why: it used up the limit of its own streams.
	it("counts HEAD apart from GET in the route's rate limit", async () => {
		const gateway = await live(
			{ rateLimit: { limit: 2, window: 60_000 } },
			{ sse: { path: null, session: () => "alice", refusals: "http" } }
		);
		const url = gateway.at("/live", "news");
		const statuses: (number | undefined)[] = [];
		for (let n = 0; n < 3; n++) statuses.push((await send(url, { method: "HEAD" })).status);

		expect(statuses).toEqual([200, 200, 429]);
		await openStream(url);
		await openStream(url);
		expect((await refusal(url)).status).toBe(429);
	});

	it("inherits the route's CORS headers", async () => {
		const gateway = await live({ cors: { origin: "https://shop.example", credentials: true } });
		const origin = { origin: "https://shop.example" };
		const { headers } = await openStream(gateway.at("/live", "news"), { headers: origin });

		expect(headers["access-control-allow-origin"]).toBe("https://shop.example");
		expect(headers["access-control-allow-credentials"]).toBe("true");
	});

	it("inherits the route's answer to a CORS preflight", async () => {
		const gateway = await live({ cors: { origin: "*", methods: ["GET"] } });
		const { status, headers } = await send(gateway.at("/live", "news"), {
			method: "OPTIONS",
			headers: { origin: "https://shop.example", "access-control-request-method": "GET" }
		});

		expect(status).toBe(204);
		expect(headers["access-control-allow-methods"]).toBe("GET");
		expect(gateway.held.streams).toBe(0);
	});

	it("inherits the route's refusal of other origins", async () => {
		const gateway = await live({ cors: { origin: "https://shop.example" } });
		const headers = { origin: "https://elsewhere.example" };
		const { error } = await refusal(gateway.at("/live", "news"), { headers });

		expect(error).toMatchObject({ code: 403, type: "ORIGIN_NOT_ALLOWED" });
		expect(gateway.held.streams).toBe(0);
	});

	it("inherits the route's authentication, before the session is resolved", async () => {
		const gateway = await startGateway({
			sse: { path: null, session: ctx => ctx.meta.user.name },
			settings: {
				routes: [{ path: "/", authentication: true, aliases: { "GET /live": { type: "sse" } } }]
			},
			schema: {
				methods: {
					async authenticate(_ctx: unknown, _route: unknown, req: { headers: { token: string } }) {
						const { token } = req.headers;
						if (!token) throw new ApiGateway.Errors.UnAuthorizedError("NO_TOKEN", null);
						return { name: token };
					}
				}
			}
		});
		const url = gateway.at("/live", "news");

		expect((await refusal(url)).error).toMatchObject({ code: 401, type: "NO_TOKEN" });
		const stream = await openStream(url, { headers: { token: "alice" } });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });
		await stream.next("news");
	});

	it("inherits the route's authorization", async () => {
		const authorize = async () => {
			throw new ApiGateway.Errors.ForbiddenError("NOT_YOU", null);
		};
		const gateway = await live({ authorization: true }, { schema: { methods: { authorize } } });
		const { error } = await refusal(gateway.at("/live", "news"));

		expect(error).toMatchObject({ code: 403, type: "NOT_YOU" });
		expect(gateway.held.streams).toBe(0);
	});

	it("inherits the route's onBeforeCall", async () => {
		const onBeforeCall = (
			_ctx: unknown,
			_route: unknown,
			_req: unknown,
			res: { setHeader(name: string, value: string): void }
		) => res.setHeader("x-before", "seen");
		const gateway = await live({ onBeforeCall });
		const { headers } = await openStream(gateway.at("/live", "news"));

		expect(headers["x-before"]).toBe("seen");
	});

	it("inherits the route's middlewares, including their errors", async () => {
		const use = [
			(req: { headers: { ill?: string } }, res: never, next: (error?: Error) => void) => {
				(res as { setHeader(name: string, value: string): void }).setHeader("x-used", "yes");
				next(req.headers.ill ? new ApiGateway.Errors.BadRequestError("ILL", null) : undefined);
			}
		];
		const gateway = await live({ use });
		const url = gateway.at("/live", "news");

		expect((await openStream(url)).headers["x-used"]).toBe("yes");
		expect((await refusal(url, { headers: { ill: "1" } })).error).toMatchObject({ type: "ILL" });
	});

	it("inherits the route's onError", async () => {
		const onError = (
			_req: unknown,
			res: { writeHead(code: number): void; end(text: string): void },
			error: { code: number; type: string }
		) => {
			res.writeHead(error.code);
			res.end(`refused: ${error.type}`);
		};
		const gateway = await live({ onError });
		const { status, text } = await send(gateway.at("/live"));

		expect([status, text]).toEqual([400, "refused: SSE_INVALID_REQUEST"]);
	});

	it("reads the names from the query, whatever the application's parser makes of it", async () => {
		const gateway = await live(
			{},
			{
				settings: {
					qsOptions: { parameterLimit: 1 },
					routes: [{ path: "/", aliases: { "GET /live": { type: "sse" } } }]
				}
			}
		);
		const stream = await requestStream(gateway.at("/live", "a", "b", "c"));

		expect(JSON.parse((await stream.next("sse.open")).data).eventNames).toEqual(["a", "b", "c"]);
	});

	// moleculer-web answered 404: a page whose EventSource was refused for good asked by HEAD why, and came back for ever.
	it("answers HEAD as the GET, unless the application does", async () => {
		let isValid = true;
		const session = () => (isValid ? "alice" : null);
		const gateway = await startGateway({
			sse: { path: null, session },
			settings: {
				routes: [
					{
						path: "/live",
						aliases: {
							"GET /events": { type: "sse" },
							"GET /other": { type: "sse" },
							"HEAD /other": mine,
							"GET /mine": mine
						}
					}
				]
			}
		});
		const head = async (path: string) =>
			(await send(gateway.at(path, "news"), { method: "HEAD" })).status;
		expect(await head("/live/events")).toBe(200);
		isValid = false;
		expect(await head("/live/events")).toBe(401);
		expect(await head("/live/other")).toBe(200);
		expect(await head("/live/mine")).toBe(404);
	});

	it("streams on a path with parameters", async () => {
		const aliases = { "GET /shops/:shop/live": { type: "sse" } };
		const gateway = await startGateway({
			sse: {
				path: null,
				session: (_ctx, req) => `shop:${(req.$params as { shop: string }).shop}`
			},
			settings: { routes: [{ path: "/", aliases }] }
		});
		const stream = await openStream(gateway.at("/shops/7/live", "news"));
		await gateway.send({ eventName: "news", sessionId: "shop:7", payload: 1 });

		await stream.next("news");
	});

	it("leaves gateways without the mixin as they are", async () => {
		const { aliasHandler } = ApiGateway.methods as { aliasHandler: unknown };
		const gateway = await startGateway();
		const plain = gateway.broker.createService({
			name: "plain",
			mixins: [ApiGateway],
			settings: { port: 0 } as Record<string, unknown>
		});

		expect(Reflect.get(plain.schema.methods as object, "aliasHandler")).toBe(aliasHandler);
		expect(ApiGateway.methods).toHaveProperty("aliasHandler", aliasHandler);
	});
});
