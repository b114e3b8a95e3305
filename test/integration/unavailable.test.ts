import { describe, expect, it } from "@jest/globals";
import type { ErrorRequestHandler } from "express";
import { Errors } from "moleculer";
import ApiGateway from "moleculer-web";
import type { SseGatewayRequest, SseGatewayResponse } from "../../mixins/sse/index.ts";
import { connectHttp2, requestHttp2 } from "../support/clients/http2-client.ts";
import { requestStream, type StreamClient } from "../support/clients/stream-client.ts";
import { startExpressGateway } from "../support/gateway/express-gateway.ts";
import {
	type GatewaySetup,
	NOTHING,
	startGateway,
	type TestGateway
} from "../support/gateway/gateway.ts";
import { watchRejections } from "../support/rejections.ts";

// EventSource stops for good at any status but 200. A service that was restarted for a second, a rate limit, a full bulkhead or
// an unavailable session store ended the streams of all clients that came back meanwhile.

type Next = (error?: unknown) => void;

const { Errors: Web } = ApiGateway;
const call = { action: "users.find", nodeID: "node-2" };
const plain = (fields: object) => Object.assign(new Error("secret-7"), fields);

/** What fails, by the name that a request gives it. */
const TRANSIENT: Readonly<Record<string, unknown>> = {
	fault: new TypeError("secret-7 is undefined"),
	text: "secret-7 is down",
	"500": new Errors.MoleculerError("secret-7", 500),
	"503": plain({ status: 503 }),
	"429": new Web.RateLimitExceeded("secret-7", null),
	"408": plain({ status: 408 }),
	"425": plain({ code: 425 }),
	retryable: new Errors.MoleculerRetryableError("secret-7", 409),
	"not found": new Errors.ServiceNotFoundError(call),
	"not available": new Errors.ServiceNotAvailableError(call),
	timeout: new Errors.RequestTimeoutError(call),
	"bulkhead is full": new Errors.QueueIsFullError(call)
};

const FOR_GOOD = [400, 401, 402, 403, 404, 405, 406, 409, 410, 422, 451];

const thrownFor = ({ headers }: SseGatewayRequest): unknown => {
	const how = headers["x-how"] as string;
	return TRANSIENT[how] ?? new Errors.MoleculerClientError("no", Number(how), "NO");
};

const fail = (request: SseGatewayRequest) => {
	if (request.headers["x-how"] !== undefined) throw thrownFor(request);
};

/** Waits, as a store does. */
const failLater = async (request: SseGatewayRequest) => {
	await Promise.resolve();
	fail(request);
	return "alice";
};

const failing = (request: SseGatewayRequest, _response: unknown, next: Next) => {
	fail(request);
	next();
};

const failingLater = async (request: SseGatewayRequest, _response: unknown, next: Next) => {
	await failLater(request);
	next();
};

const live = (route: object, setup: GatewaySetup = {}): GatewaySetup => ({
	...setup,
	sse: { path: null, session: () => "alice", ...setup.sse },
	settings: {
		routes: [{ path: "/live", aliases: { "GET /events": { type: "sse" } }, ...route }],
		...setup.settings
	}
});

const withMethod = (method: string, route: object) =>
	live(route, {
		schema: {
			methods: {
				[method]: (_ctx: unknown, _route: unknown, req: SseGatewayRequest) => failLater(req)
			}
		}
	});

/** Parts of a request's path in which something may fail. */
const WHERE: Readonly<Record<string, () => GatewaySetup>> = {
	session: () => live({}, { sse: { session: (_ctx, req) => failLater(req) } }),
	authorize: () =>
		live({}, { sse: { authorize: async (_ctx, { req }) => (await failLater(req)) === "alice" } }),
	"the route's authentication": () => withMethod("authenticate", { authentication: true }),
	"the route's authentication, by name": () => withMethod("prove", { authentication: "prove" }),
	"the route's authorization": () => withMethod("authorize", { authorization: true }),
	onBeforeCall: () =>
		live({ onBeforeCall: (_ctx: unknown, _route: unknown, req: SseGatewayRequest) => fail(req) }),
	"onBeforeCall, later": () =>
		live({
			onBeforeCall: (_ctx: unknown, _route: unknown, req: SseGatewayRequest) => failLater(req)
		}),
	"sseSession in onBeforeCall": () =>
		live(
			{
				onBeforeCall(
					this: { sseSession(...args: unknown[]): unknown },
					ctx: unknown,
					_route: unknown,
					req: SseGatewayRequest,
					res: SseGatewayResponse
				) {
					return this.sseSession(ctx, req, res);
				}
			},
			{ sse: { session: (_ctx, req) => failLater(req) } }
		),
	"use: next(error)": () =>
		live({
			use: [
				(req: SseGatewayRequest, _res: unknown, next: Next) =>
					next(req.headers["x-how"] && thrownFor(req))
			]
		}),
	"use: throws": () => live({ use: [failing] }),
	"use: throws behind one that has waited": () =>
		live({
			use: [(_req: unknown, _res: unknown, next: Next) => void setImmediate(next), failing]
		}),
	"use: rejects": () => live({ use: [failingLater] }),
	"use: the gateway's": () => {
		const setup = live({});
		return { ...setup, settings: { ...setup.settings, use: [failingLater] } };
	},
	"use: a middleware for errors": () =>
		live({
			use: [
				(req: SseGatewayRequest, _res: unknown, next: Next) =>
					next(req.headers["x-how"] && new Error("first")),
				async (_error: unknown, req: SseGatewayRequest, _res: unknown, _next: Next) =>
					failLater(req)
			]
		}),
	"the rate limit's store": () =>
		live({
			rateLimit: {
				key: (req: SseGatewayRequest) => req.headers["x-how"] as string,
				StoreFactory: class {
					async inc(how: string) {
						await failLater({ headers: { "x-how": how } } as never);
					}
				}
			}
		}),
	"the rate limit's key": () => live({ rateLimit: { key: (req: SseGatewayRequest) => fail(req) } })
};

/** Asks for a stream that fails as `how` says, and reads the answer to its end. */
type Ask = (how: string) => Promise<StreamClient>;

const URL_OF = (gateway: TestGateway) => gateway.at("/live/events", "news");

interface Served {
	readonly gateway: TestGateway;
	readonly ask: Ask;
}

const askOver1 =
	(gateway: TestGateway): Ask =>
	how =>
		requestStream(URL_OF(gateway), { headers: { "x-how": how } });

/** A server of each kind with the same gateway. */
const TRANSPORTS = {
	async "HTTP/1.1"(setup: GatewaySetup): Promise<Served> {
		const gateway = await startGateway(setup);
		return { gateway, ask: askOver1(gateway) };
	},
	async "HTTP/2"(setup: GatewaySetup): Promise<Served> {
		const settings = { ...setup.settings, http2: true };
		const gateway = await startGateway({ ...setup, settings });
		const session = connectHttp2(gateway.origin);
		const ask: Ask = how => requestHttp2(session, URL_OF(gateway), { headers: { "x-how": how } });
		return { gateway, ask };
	},
	async Express(setup: GatewaySetup): Promise<Served> {
		const tell: ErrorRequestHandler = (error, _req, res, _next) => {
			res.status(error.statusCode ?? error.code).json({ type: error.type });
		};
		const gateway = await startExpressGateway(setup, { extend: app => void app.use(tell) });
		return { gateway, ask: askOver1(gateway) };
	}
};

type Transport = keyof typeof TRANSPORTS;

const ALL_TRANSPORTS = Object.keys(TRANSPORTS) as Transport[];

async function start(
	where: string,
	transport: Transport,
	sse: GatewaySetup["sse"] = {}
): Promise<Served> {
	const setup = WHERE[where]?.();
	return TRANSPORTS[transport]({ ...setup, sse: { ...setup?.sse, ...sse } });
}

/** The plugin's own functions: of their errors the client learns only whose fault it was. */
const isOwn = (where: string) => /session|^authorize$/i.test(where);

/** The status of a permanent refusal. */
function statusFor(where: string, status: number): number {
	if (where === "authorize") return status === 401 ? 401 : 403;
	if (isOwn(where)) return status === 403 ? 403 : 401;
	return status;
}

const CASES = Object.keys(WHERE).flatMap(where =>
	ALL_TRANSPORTS.map(transport => [where, transport] as const)
);

describe.each(CASES)("a failure of %s over %s", (where, transport) => {
	it("that is temporary is answered with a stream that tells to come back", async () => {
		const rejections = watchRejections();
		const { gateway, ask } = await start(where, transport, { retry: [70, 72] });
		for (const how of Object.keys(TRANSIENT)) {
			const stream = await ask(how);

			expect([how, await stream.end]).toEqual([how, "ended"]);
			expect([how, stream.status, stream.headers["content-type"]]).toEqual([
				how,
				200,
				"text/event-stream"
			]);
			expect(stream.headers["cache-control"]).toBe("no-cache, no-store, no-transform");
			expect(stream.text).toMatch(
				/^retry: \d+\nevent: sse\.close\ndata: \{"reason":"unavailable"\}\n\n$/
			);
		}
		expect(gateway.held).toEqual(NOTHING);
		expect(await rejections()).toEqual([]);
	});

	it("that is permanent keeps its status, and does not tell to come back", async () => {
		const rejections = watchRejections();
		const { gateway, ask } = await start(where, transport);
		for (const status of FOR_GOOD) {
			const answer = await ask(String(status));
			await answer.end;

			expect([status, answer.status]).toEqual([status, statusFor(where, status)]);
			expect(answer.text).not.toContain("sse.close");
		}
		expect(gateway.held).toEqual(NOTHING);
		expect(await rejections()).toEqual([]);
	});

	it("opens nothing, and keeps nobody else from it", async () => {
		const { gateway, ask } = await start(where, transport);
		await (await ask("503")).end;
		const url = URL_OF(gateway);
		const stream =
			transport === "HTTP/2"
				? await requestHttp2(connectHttp2(gateway.origin), url)
				: await requestStream(url);
		await stream.next("sse.open");

		expect(gateway.held.streams).toBe(1);
	});
});

describe("with refusals: 'http'", () => {
	it.each(Object.keys(WHERE))("a failure of %s has its status", async where => {
		const rejections = watchRejections();
		const { gateway, ask } = await start(where, "HTTP/1.1", { refusals: "http" });
		for (const status of [503, 429, 402]) {
			const answer = await ask(String(status));
			await answer.end;

			const expected = status === 402 ? statusFor(where, 402) : isOwn(where) ? 500 : status;
			expect([status, answer.status]).toEqual([status, expected]);
		}
		expect(gateway.held).toEqual(NOTHING);
		expect(await rejections()).toEqual([]);
	});
});
