import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { Context } from "moleculer";
import ApiGateway from "moleculer-web";
import type { SseGateway, SseGatewayRequest, SseGatewayResponse } from "../../mixins/sse/index.ts";
import { refusal, send } from "../support/clients/request.ts";
import { openStream, requestStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startExpressGateway } from "../support/gateway/express-gateway.ts";
import {
	type GatewaySetup,
	NOTHING,
	startGateway,
	type TestGateway
} from "../support/gateway/gateway.ts";

type Next = (error?: unknown) => void;
type Use = (req: SseGatewayRequest, res: SseGatewayResponse, next: Next) => unknown;

/** A gateway with one alias in a route of the application's. */
const live = (alias: unknown, route: object = {}, setup: GatewaySetup = {}) =>
	startGateway({
		...setup,
		sse: { path: null, session: () => "alice", ...setup.sse },
		settings: { routes: [{ path: "/", aliases: { "GET /live": alias }, ...route }] }
	});

const actionOf = (req: SseGatewayRequest) => Reflect.get(req, "$action") as { name: string };
const endpointOf = (req: SseGatewayRequest) =>
	Reflect.get(req, "$endpoint") as { action: { name: string } };

/** Sends an event of each name; returns which of them arrived. The last one has to. */
async function namesOf(gateway: TestGateway, url: string, ...sent: string[]): Promise<string[]> {
	const stream = await requestStream(url);
	await stream.next("sse.open");
	for (const eventName of sent) await gateway.send({ eventName, sessionId: "alice", payload: 1 });
	await stream.next(sent.at(-1) as string);
	return stream.events.map(({ event }) => event as string).filter(name => !name.startsWith("sse."));
}

// Moleculer's own project template reads `req.$action.auth` in `authorize`, and others `req.$endpoint`. An alias without an
// action has neither: `authorize` threw a TypeError, and each stream was told to come back, for ever.
describe("the hooks of a stream's route", () => {
	/** As in Moleculer's template. */
	async function authorize(
		ctx: Context<unknown, { user?: unknown }>,
		_route: unknown,
		req: { $action: { auth?: string } }
	) {
		const { user } = ctx.meta;
		if (req.$action.auth === "required" && !user) {
			throw new ApiGateway.Errors.UnAuthorizedError("NO_RIGHTS", null);
		}
	}
	const authenticate = async (_ctx: unknown, _route: unknown, { headers }: SseGatewayRequest) =>
		headers.authorization && { id: 1 };
	const guarded = (alias: object) =>
		live(
			alias,
			{ authentication: true, authorization: true },
			{ schema: { methods: { authenticate, authorize } } }
		);

	it("find the alias's own properties where those of an action would be", async () => {
		const gateway = await guarded({ type: "sse", auth: "required" });
		const url = gateway.at("/live", "news");

		expect((await refusal(url)).error).toMatchObject({ code: 401, type: "NO_RIGHTS" });
		await openStream(url, { headers: { authorization: "me" } });
	});

	it("find none that the alias does not have", async () => {
		const gateway = await guarded({ type: "sse" });

		await openStream(gateway.at("/live", "news"));
	});

	it("see it in onBeforeCall too, and the endpoint and its service", async () => {
		const seen: Record<string, unknown>[] = [];
		const onBeforeCall = (_ctx: unknown, _route: unknown, req: SseGatewayRequest) => {
			const { $action, $endpoint } = req as unknown as Record<string, Record<string, unknown>>;
			seen.push({ $action, $endpoint });
		};
		const alias = { type: "sse", roles: ["admin"], eventNames: ["news"], name: "live" };
		const gateway = await live(alias, { onBeforeCall });
		await requestStream(gateway.at("/live")).then(stream => stream.next("sse.open"));

		expect(seen).toEqual([
			{
				$action: alias,
				$endpoint: {
					id: "node-1",
					local: true,
					name: "live",
					action: alias,
					service: { name: "api", version: undefined, fullName: "api" }
				}
			}
		]);
	});

	it("see an action named sse if the alias has no name, as on the mixin's own route", async () => {
		const seen: unknown[] = [];
		const note = (_ctx: Context, req: SseGatewayRequest) => {
			seen.push(Reflect.get(req, "$action"), endpointOf(req).action.name);
			return "alice";
		};
		const gateway = await startGateway({ sse: { session: note } });
		await openStream(gateway.url("news"));

		expect(seen).toEqual([{ type: "sse", name: "sse" }, "sse"]);
	});

	it("see those of its own action if another alias has one", async () => {
		const seen: unknown[] = [];
		const onBeforeCall = (_ctx: unknown, _route: unknown, req: SseGatewayRequest) => {
			seen.push(actionOf(req).name);
		};
		const gateway = await startGateway({
			settings: {
				routes: [{ path: "/", aliases: { "GET /hello": "greeter.hello" }, onBeforeCall }]
			},
			services: [{ name: "greeter", actions: { hello: () => "hello" } }]
		});
		await send(`${gateway.origin}/hello`);

		expect(seen).toEqual(["greeter.hello"]);
	});
});

describe("an alias with event names of its own", () => {
	const alias = { type: "sse", eventNames: ["chat.message", "chat.typing", "chat.message"] };

	it("streams them to a request that names none, so that its URL may have any form", async () => {
		const gateway = await live(alias);
		const stream = await requestStream(gateway.at("/live"));
		const { data } = await stream.next("sse.open");

		expect(JSON.parse(data).eventNames).toEqual(["chat.message", "chat.typing"]);
		expect(await namesOf(gateway, gateway.at("/live"), "news", "chat.message")).toEqual([
			"chat.message"
		]);
	});

	it("streams those of them that a request names", async () => {
		const gateway = await live(alias);
		const url = gateway.at("/live", "chat.typing");

		expect(await namesOf(gateway, url, "chat.message", "chat.typing")).toEqual(["chat.typing"]);
	});

	it.each([
		["news", 'names "news", which is not among the event names of this URL.'],
		["", "is empty: name the event."],
		["sse.open", 'starts with "sse.", which is reserved for the plugin\'s own events.']
	])("streams no other: ?eventName=%s is 400", async (name, problem) => {
		const gateway = await live(alias);
		const { status, error } = await refusal(gateway.at("/live", "chat.message", name));

		expect(status).toBe(400);
		expect(error).toMatchObject({
			type: "SSE_INVALID_REQUEST",
			data: { parameter: "eventName" },
			message: `Parameter "eventName" ${problem}`
		});
		expect(gateway.held).toEqual(NOTHING);
	});

	it("leaves those of other aliases alone", async () => {
		const gateway = await startGateway({
			settings: {
				routes: [{ path: "/", aliases: { "GET /live": alias, "GET /any": { type: "sse" } } }]
			}
		});

		await openStream(gateway.at("/any", "news"));
		await openStream(gateway.url("news"));
		expect((await refusal(gateway.at("/any"))).status).toBe(400);
	});

	it("streams them under Express too", async () => {
		const gateway = await startExpressGateway({
			sse: { path: null },
			settings: { routes: [{ path: "/", aliases: { "GET /live": alias } }] }
		});
		const stream = await requestStream(gateway.at("/live"));

		expect((await stream.next("sse.open")).data).toContain("chat.typing");
	});

	// The request names no event: it would have been refused with 400 in any case, if it had got that far.
	it.each(["the route's use", "onBeforeCall", "before it has a route"])(
		"tells a request to come back if it fails for a temporary reason: %s",
		async where => {
			const fail = () => {
				throw new Error("the database is away");
			};
			const gateway = await live(
				alias,
				where === "the route's use" ? { use: [fail] } : { onBeforeCall: fail },
				where === "before it has a route" ? { schema: { actions: { rest: fail } } } : {}
			);
			const stream = await requestStream(gateway.at("/live"));
			await stream.end;

			expect(stream.status).toBe(200);
			expect(stream.text).toContain('{"reason":"unavailable"}');
		}
	);

	it("asks the contract for them, and authorize", async () => {
		const seen: unknown[] = [];
		const gateway = await live(
			alias,
			{},
			{
				sse: {
					path: null,
					session: () => "alice",
					events: { "chat.message": {}, "chat.typing": {} },
					authorize: (_ctx, { eventNames }) => {
						seen.push(eventNames);
						return true;
					}
				}
			}
		);
		await requestStream(gateway.at("/live")).then(stream => stream.next("sse.open"));

		expect(seen).toEqual([["chat.message", "chat.typing"]]);
	});
});

describe("an alias with middlewares of its own: [middleware, { type: 'sse' }]", () => {
	const header =
		(name: string): Use =>
		(_req, res, next) => {
			res.setHeader(name, "seen");
			next();
		};

	it("streams after them, in their order", async () => {
		const order: string[] = [];
		const note =
			(name: string): Use =>
			(_req, _res, next) => {
				order.push(name);
				next();
			};
		const gateway = await live([
			note("one"),
			async (...[, , next]: Parameters<Use>) => {
				await delay(1);
				order.push("two");
				next();
			},
			{ type: "sse" },
			note("three")
		]);
		await openStream(gateway.at("/live", "news"));

		expect(order).toEqual(["one", "two", "three"]);
	});

	it("runs them after the route's checks, on this request alone", async () => {
		let ran = 0;
		const count: Use = (_req, _res, next) => {
			ran++;
			next();
		};
		const authorize = async (_ctx: unknown, _route: unknown, { headers }: SseGatewayRequest) => {
			if (!headers.authorization) throw new ApiGateway.Errors.ForbiddenError("NOT_YOU", null);
		};
		const gateway = await live(
			[count, { type: "sse", eventNames: ["news"] }],
			{ authorization: true },
			{ schema: { methods: { authorize } } }
		);
		expect((await refusal(gateway.at("/live"))).error).toMatchObject({ type: "NOT_YOU" });
		expect(ran).toBe(0);
		await openStream(gateway.at("/live", "news"), { headers: { authorization: "me" } });

		expect(ran).toBe(1);
	});

	it("gives them the service as `this`, and their headers to the stream", async () => {
		const seen: unknown[] = [];
		const note = function (this: unknown, ...[, , next]: Parameters<Use>) {
			seen.push(this);
			next();
		};
		const gateway = await live([note, header("x-used"), { type: "sse" }]);
		const { headers } = await openStream(gateway.at("/live", "news"));

		expect(headers["x-used"]).toBe("seen");
		expect(seen).toEqual([gateway.service]);
	});

	it("asks for the session after they have run, because they may identify the client", async () => {
		const authenticate: Use = (req, _res, next) => {
			Reflect.set(req, "user", "alice");
			next();
		};
		const told: unknown[] = [];
		const gateway = await startGateway({
			sse: {
				path: null,
				session: (ctx, req) => {
					queueMicrotask(() => told.push(ctx.meta.sessionId));
					return Reflect.get(req, "user") ?? "nobody";
				}
			},
			settings: {
				routes: [
					{
						path: "/",
						aliases: { "GET /live": [authenticate, { type: "sse" }] },
						async onBeforeCall(
							this: SseGateway,
							ctx: Context,
							_route: unknown,
							req: SseGatewayRequest,
							res: SseGatewayResponse
						) {
							await this.sseSession(ctx, req, res);
						}
					}
				]
			}
		});
		const stream = await openStream(gateway.at("/live", "news"));
		await gateway.send({ eventName: "news", sessionId: "nobody", payload: "not for alice" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "for alice" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["for alice"]);
	});

	it.each<[how: string, use: (error: Error) => Use]>([
		["hands on", error => (_req, _res, next) => next(error)],
		[
			"throws",
			error => () => {
				throw error;
			}
		],
		["rejects with", error => () => Promise.reject(error)],
		[
			"rejects later with",
			error => async () => {
				await delay(1);
				throw error;
			}
		]
	])("is refused with the error that one of them %s", async (_, use) => {
		const error = Object.assign(new Error("no"), { code: 403, type: "NOT_YOU" });
		const gateway = await live([use(error), header("x-never"), { type: "sse" }]);
		const { status, headers } = await refusal(gateway.at("/live", "news"));

		expect(status).toBe(403);
		expect(headers).not.toHaveProperty("x-never");
		expect(gateway.held).toEqual(NOTHING);
	});

	it("is told to come back if the reason is temporary", async () => {
		const away: Use = (_req, _res, next) => next(new Error("the database is away"));
		const gateway = await live([away, { type: "sse" }]);
		const stream = await requestStream(gateway.at("/live", "news"));
		await stream.end;

		expect([stream.status, stream.text]).toEqual([200, expect.stringContaining("unavailable")]);
	});

	it("continues after one that takes errors", async () => {
		const fail: Use = (_req, _res, next) => next(new Error("mended below"));
		const mend = (_error: unknown, _req: unknown, _res: unknown, next: Next) => next();
		const gateway = await live([mend, fail, header("x-skipped"), mend, { type: "sse" }]);
		const { headers } = await openStream(gateway.at("/live", "news"));

		expect(headers).not.toHaveProperty("x-skipped");
	});

	it("is the middleware's if it answers, and leaves nothing behind", async () => {
		const answer: Use = (_req, res) => {
			res.statusCode = 402;
			res.end("pay first");
		};
		const gateway = await live([answer, { type: "sse" }]);

		expect(await send(gateway.at("/live", "news"))).toMatchObject({
			status: 402,
			text: "pay first"
		});
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("does not open if its session is revoked while they run", async () => {
		const { promise: running, resolve: reached } = Promise.withResolvers<void>();
		const { promise: opened, resolve: goOn } = Promise.withResolvers<void>();
		const wait: Use = async (_req, _res, next) => {
			reached();
			await opened;
			next();
		};
		const gateway = await live([wait, { type: "sse" }]);
		const opening = requestStream(gateway.at("/live", "news"));
		await running;
		await gateway.broker.broadcast("sse.close", { sessionId: "alice", reason: "banned" });
		goOn();
		const stream = await opening;
		await stream.end;

		expect(stream.text).toContain('{"reason":"banned"}');
		expect(gateway.held).toEqual(NOTHING);
	});
});

describe("the log of a gateway that starts", () => {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
	const COLOUR = /\u001b\[\d+m/g;

	it("shows where streams are, as it shows actions", async () => {
		const gateway = await startGateway({
			settings: {
				routes: [
					{
						path: "/api",
						aliases: {
							"GET /live": { type: "sse" },
							"/any": [(_req: unknown, _res: unknown, next: Next) => next(), { type: "sse" }]
						}
					}
				]
			}
		});
		const lines = gateway.log.at("info").map(line => line.replaceAll(COLOUR, "").trim());

		expect(lines.filter(line => line.endsWith("=> sse"))).toEqual([
			"GET /api/live => sse",
			"* /api/any => sse",
			"GET /sse/event-stream => sse"
		]);
		expect(lines.join("\n")).not.toContain("=> null");

		await openStream(gateway.url("news"));
		const alias = gateway.log.at("debug").map(line => line.replaceAll(COLOUR, ""));
		expect(alias.join("\n")).toMatch(/Alias: +GET \/sse\/event-stream => sse/);
	});
});
