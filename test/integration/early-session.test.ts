import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import type { Context } from "moleculer";
import type {
	SessionResolver,
	SseGateway,
	SseGatewayRequest,
	SseGatewayResponse
} from "../../mixins/sse/index.ts";
import { type RequestOptions, refusal, send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { type GatewaySetup, startGateway } from "../support/gateway/gateway.ts";
import { watchRejections } from "../support/rejections.ts";

// moleculer-web runs `onBeforeCall` before `authenticate` and `authorize`. The session that `sseSession` found there, usually
// none, was remembered for the whole request: configured as documented, with `authentication: true` and
// `session: ctx => ctx.meta.user?.id`, every stream and ticket got 401, and no action learned of a session.

type Meta = { user?: { id: string } | null; sessionId?: string };
type AnyContext = Context<unknown, Meta>;

const SECRET = "a secret of these tests, of at least 32 bytes";

const alice: RequestOptions = { headers: { authorization: "alice" } };

const ofUser: SessionResolver = ctx => ctx.meta.user?.id;

/** What an action, or the function of an alias, finds in `ctx.meta`. */
const told = ({ meta }: AnyContext) => ({ sessionId: meta.sessionId ?? null });

interface RouteSetup {
	/** Default: the user of the route's authentication. */
	session?: SessionResolver | "cookie";
	/** Parts of the route; by default it has `authentication`, and `onBeforeCall` asks for the session. */
	route?: Record<string, unknown>;
	methods?: Record<string, unknown>;
}

async function onBeforeCall(
	this: SseGateway,
	ctx: AnyContext,
	_route: unknown,
	req: SseGatewayRequest,
	res: SseGatewayResponse
): Promise<void> {
	await this.sseSession(ctx, req, res);
}

const userOf = (req: SseGatewayRequest) =>
	req.headers.authorization ? { id: String(req.headers.authorization) } : null;

function start({ session = ofUser, route = {}, methods = {} }: RouteSetup = {}) {
	const sse: GatewaySetup["sse"] = {
		path: null,
		...(session !== "cookie" && { session }),
		ticket: { secret: SECRET }
	};
	const answer = (req: SseGatewayRequest, res: SseGatewayResponse) => {
		(res as import("node:http").ServerResponse).end(JSON.stringify(told(req.$ctx as AnyContext)));
	};
	return startGateway({
		sse,
		services: [{ name: "orders", actions: { place: told } }],
		settings: {
			routes: [
				{
					path: "/api",
					authentication: true,
					mappingPolicy: "all",
					onBeforeCall,
					aliases: {
						"GET /action": "orders.place",
						"GET /function": answer,
						"GET /both": [
							(_req: unknown, _res: unknown, next: () => void) => next(),
							"orders.place"
						],
						"GET /ticket": "api.sseTicket",
						"GET /events": { type: "sse" }
					},
					...route
				}
			]
		},
		schema: {
			methods: {
				authenticate: (_ctx: unknown, _route: unknown, req: SseGatewayRequest) => userOf(req),
				...methods
			}
		}
	});
}

const CALLS = ["action", "function", "both", "orders/place"];

const call = async (gateway: { origin: string }, path: string, options?: RequestOptions) =>
	JSON.parse((await send(`${gateway.origin}/api/${path}`, options)).text);

describe("a session that is asked for before the authentication", () => {
	it.each(CALLS)("is the user's when the call is handled: /%s", async path => {
		const gateway = await start();

		expect(await call(gateway, path, alice)).toEqual({ sessionId: "alice" });
		expect(await call(gateway, path)).toEqual({ sessionId: null });
	});

	it("is the user's for a stream, and for a ticket, of the same route", async () => {
		const gateway = await start();
		const stream = await openStream(gateway.at("/api/events", "news"), alice);
		const { ticket } = await call(gateway, "ticket?eventName=news", alice);
		const query = new URLSearchParams({ eventName: "news", ticket });
		const other = await openStream(`${gateway.origin}/api/events?${query}`, alice);
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "for alice" });

		expect((await stream.next("news")).data).toBe('"for alice"');
		expect((await other.next("news")).data).toBe('"for alice"');
		expect((await refusal(gateway.at("/api/events", "news"))).status).toBe(401);
		expect((await refusal(`${gateway.origin}/api/ticket?eventName=news`)).status).toBe(401);
	});

	it("is also what it is after `authorize`, which may be the one to find the user", async () => {
		const gateway = await start({
			route: { authentication: false, authorization: true },
			methods: {
				authorize(ctx: AnyContext, _route: unknown, req: SseGatewayRequest) {
					ctx.meta.user = userOf(req);
				}
			}
		});
		await openStream(gateway.at("/api/events", "news"), alice);

		expect(await call(gateway, "action", alice)).toEqual({ sessionId: "alice" });
	});

	it.each([
		["nobody", undefined],
		["somebody else", "anonymous"]
	])("is asked for again if the hook itself finds the user later: %s before", async (_, before) => {
		const gateway = await start({
			session: ctx => ctx.meta.user?.id ?? before,
			route: {
				authentication: false,
				async onBeforeCall(
					this: SseGateway,
					ctx: AnyContext,
					_route: unknown,
					req: SseGatewayRequest,
					res: SseGatewayResponse
				) {
					await this.sseSession(ctx, req, res);
					ctx.meta.user = userOf(req);
				}
			}
		});
		const stream = await openStream(gateway.at("/api/events", "news"), alice);
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });
		await stream.next("news");

		for (const path of CALLS) {
			expect(await call(gateway, path, alice)).toEqual({ sessionId: "alice" });
		}
	});

	// The answer was taken for one about what `ctx.meta` held when it arrived.
	it.each([
		["before its answer has come", 20, 60],
		["while another answer comes first", 20, 10]
	])("is asked for again if the user is found meanwhile: %s", async (_, first, second) => {
		let asked = 0;
		const gateway = await start({
			session: async ({ meta }) => {
				const { user } = meta;
				await delay(asked++ === 0 ? first : second);
				return user?.id ?? "guest";
			},
			route: {
				authentication: false,
				async onBeforeCall(
					this: SseGateway,
					ctx: AnyContext,
					_route: unknown,
					req: SseGatewayRequest,
					res: SseGatewayResponse
				) {
					const early = this.sseSession(ctx, req, res);
					ctx.meta.user = userOf(req);
					await Promise.all([early, this.sseSession(ctx, req, res)]);
				}
			}
		});
		const stream = await openStream(gateway.at("/api/events", "news"), alice);
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });
		await stream.next("news");
		asked = 0;
		expect(await call(gateway, "action", alice)).toEqual({ sessionId: "alice" });
	});

	it("takes back an id that is not valid after the authentication", async () => {
		// The cookie of one user, and the token of another: the route believes the token.
		const gateway = await start({
			session: ({ meta }) => (meta.user === undefined ? "mallory" : meta.user?.id)
		});

		expect(await call(gateway, "action")).toEqual({ sessionId: null });
		expect(await call(gateway, "action", alice)).toEqual({ sessionId: "alice" });
	});

	it("may fail until it can be determined, and the log has no word of it", async () => {
		const gateway = await start({
			session: ({ meta }) => [meta.user.id, `tenant:${meta.user.id}`]
		});
		await openStream(gateway.at("/api/events", "news"), alice);

		expect(await call(gateway, "action", alice)).toEqual({ sessionId: "alice" });
		expect(gateway.log.at("error")).toEqual([]);
	});

	it.each(CALLS)("refuses the call with 500 if it fails then too: /%s", async path => {
		const rejections = watchRejections();
		const gateway = await start({
			session: () => {
				throw new Error("database secret-7 is down");
			}
		});
		const { status, error } = await refusal(`${gateway.origin}/api/${path}`, alice);

		expect([status, error.type]).toEqual([500, "SSE_INTERNAL"]);
		expect(JSON.stringify(error)).not.toContain("secret-7");
		const reasons = gateway.log.at("error").filter(text => text.includes("secret-7"));
		expect(reasons).toHaveLength(1);
		expect(await rejections()).toEqual([]);
	});

	it.each<[what: string, route: Record<string, unknown>, times: number]>([
		["once where nobody judges the request", { authentication: false }, 1],
		["once where nobody asks before", { onBeforeCall: undefined }, 1],
		["twice where somebody does", {}, 2]
	])("is asked for %s, by a stream", async (_, route, times) => {
		const session = jest.fn(() => "alice");
		const gateway = await start({ session, route });
		await openStream(gateway.at("/api/events", "news"), alice);

		expect(session).toHaveBeenCalledTimes(times);
	});

	it("is one cookie, by default, however often it is asked for", async () => {
		const gateway = await start({ session: "cookie" });
		const { text, headers } = await send(`${gateway.origin}/api/action`, alice);
		const { sessionId } = JSON.parse(text);
		const stream = await openStream(gateway.at("/api/events", "news"), alice);
		const { headers: both } = await send(`${gateway.origin}/api/both`, alice);

		expect(sessionId).toMatch(/^[\w-]{22}$/);
		expect(headers["set-cookie"]).toEqual([`sid=${sessionId}; Path=/; HttpOnly; SameSite=Lax`]);
		expect(stream.headers["set-cookie"]).toHaveLength(1);
		expect(both["set-cookie"]).toHaveLength(1);
	});
});
