import { describe, expect, it, jest } from "@jest/globals";
import type { Context } from "moleculer";
import {
	type SessionResolver,
	type SseGateway,
	type SseGatewayRequest,
	visitorSession
} from "../../mixins/sse/index.ts";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { refusal, send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { type GatewaySetup, NOTHING, startGateway } from "../support/gateway/gateway.ts";
import { watchRejections } from "../support/rejections.ts";
import { TLS } from "../support/tls.ts";

/** The cookie that a response issues: its value, and its attributes without the value. */
function issued(headers: { "set-cookie"?: string[] | undefined }): [id: string, rest: string] {
	const [cookie = "", ...others] = headers["set-cookie"] ?? [];
	expect(others).toEqual([]);
	const [, id = "", rest = ""] = /^sid=([^;]*)(.*)$/.exec(cookie) ?? [];
	return [id, rest];
}

const RANDOM_ID = /^[\w-]{22}$/;

describe("the default session, a cookie", () => {
	it("is issued if it is missing: 128 random bits that no script and no other site can use", async () => {
		const gateway = await startGateway();
		const streams = await Promise.all([1, 2, 3].map(() => openStream(gateway.url("news"))));

		const cookies = streams.map(({ headers }) => issued(headers));
		for (const [id, attributes] of cookies) {
			expect(id).toMatch(RANDOM_ID);
			expect(attributes).toBe("; Path=/; HttpOnly; SameSite=Lax");
		}
		expect(new Set(cookies.map(([id]) => id)).size).toBe(3);
	});

	it("is the address of the stream that it was issued with", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"));
		const [sessionId] = issued(stream.headers);
		await gateway.send({ eventName: "news", sessionId, payload: 1 });

		await stream.next("news");
	});

	it("is told as issued until a client has come with it", async () => {
		const visitor: SessionResolver = (ctx, req) => [visitorSession(ctx, req), "everybody"];
		for (const sse of [{}, { session: visitor }]) {
			const gateway = await startGateway({ sse });
			const first = await openStream(gateway.url("news"));
			const opened = await first.next("sse.open");
			expect(JSON.parse(opened.data)).toMatchObject({ issued: true });
			const [id] = issued(first.headers);
			const second = await openStream(gateway.url("news"), { session: id });
			const again = JSON.parse((await second.next("sse.open")).data);

			expect(again).not.toHaveProperty("issued");
			expect(again.session).toBe(JSON.parse(opened.data).session);
		}
	});

	it("is kept if it is present", async () => {
		const gateway = await startGateway();
		const headers = { cookie: "theme=dark; sid=alice; other=1" };
		const stream = await openStream(gateway.url("news"), { headers });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		expect(stream.headers).not.toHaveProperty("set-cookie");
		await stream.next("news");
	});

	it("is read as it was written, however odd", async () => {
		const gateway = await startGateway();
		const sessionId = 'a;b="c" d,é%';
		const stream = await openStream(gateway.url("news"), { session: sessionId });
		await gateway.send({ eventName: "news", sessionId, payload: 1 });

		await stream.next("news");
	});

	it("is Secure if the gateway speaks TLS", async () => {
		const gateway = await startGateway({ settings: { https: TLS } });
		const { headers } = await openStream(gateway.url("news"));

		expect(issued(headers)[1]).toBe("; Path=/; HttpOnly; Secure; SameSite=Lax");
	});

	it("is Secure over HTTP/2 with TLS, and issued once", async () => {
		const gateway = await startGateway({ settings: { https: TLS, http2: true } });
		const session = connectHttp2(gateway.origin);
		const { headers } = await openHttp2Stream(session, gateway.url("news"));
		const [id, attributes] = issued(headers);
		const again = await openHttp2Stream(session, gateway.url("news"), { session: id });

		expect(attributes).toBe("; Path=/; HttpOnly; Secure; SameSite=Lax");
		expect(again.headers).not.toHaveProperty("set-cookie");
	});

	it.each([
		["empty", "sid="],
		["nothing at all", ""],
		["separators only", ";;;=;"],
		["no name", "=alice"],
		["another cookie of a similar name", "xsid=alice; sid2=bob; SID=carol"],
		["everyone's address", "sid=*"],
		["everyone's address, encoded", "sid=%2A"]
	])("is issued again for a cookie that is not a session: %s", async (_, cookie) => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { headers: { cookie } });
		const [sessionId] = issued(stream.headers);
		await gateway.send({ eventName: "news", sessionId, payload: "to the new id" });
		await stream.next("news");

		expect(sessionId).toMatch(RANDOM_ID);
		expect(gateway.held.sessions).toBe(1);
	});

	it.each(["%zz", '"*"'])("is kept, however odd, if it can be an id: %s", async id => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { headers: { cookie: `sid=${id}` } });
		const bystander = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.send({ eventName: "news", sessionId: id, payload: "to the odd one" });
		await gateway.send({ eventName: "news", sessionId: "*", payload: "to everyone" });
		await bystander.next("news");

		expect(stream.headers).not.toHaveProperty("set-cookie");
		await stream.next("news", 2);
		expect(stream.received("news")).toEqual(["to the odd one", "to everyone"]);
		expect(bystander.received("news")).toEqual(["to everyone"]);
	});

	it.each(["sessionId", "session", "sid"])("is never believed from the URL: ?%s=", async name => {
		const gateway = await startGateway();
		const stream = await openStream(`${gateway.url("news")}&${name}=alice`, { session: "bob" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "for alice" });
		await gateway.send({ eventName: "news", sessionId: "bob", payload: "for bob" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["for bob"]);
	});

	it.each(["sessionId", "session", "sid"])(
		"is never taken from the URL, even without a cookie: ?%s=",
		async name => {
			const gateway = await startGateway();
			const stream = await openStream(`${gateway.url("news")}&${name}=alice`);
			await gateway.send({ eventName: "news", sessionId: "alice", payload: "for alice" });
			await gateway.send({ eventName: "news", sessionId: "*", payload: "for everyone" });
			await stream.next("news");

			expect(String(stream.headers["set-cookie"])).not.toContain("alice");
			expect(stream.received("news")).toEqual(["for everyone"]);
		}
	);
});

describe("the session of a resolver", () => {
	const start = (session: unknown, setup: GatewaySetup = {}) =>
		startGateway({ ...setup, sse: { ...setup.sse, session: session as SessionResolver } });

	it.each([
		["an id", () => "alice"],
		["an id, later", async () => "alice"],
		["several ids", () => ["alice", "tenant:7"]],
		["an id twice", () => ["tenant:7", "alice", "alice"]],
		["an id of 256 characters", () => ["alice", "x".repeat(256)]]
	])("is what it returns: %s", async (_, session) => {
		const gateway = await start(session);
		const stream = await openStream(gateway.url("news"), { session: "mallory" });
		const given = await session();
		const ids = [...new Set(Array.isArray(given) ? given : [given])];
		for (const sessionId of ids) await gateway.send({ eventName: "news", sessionId, payload: 1 });
		await gateway.send({ eventName: "news", sessionId: "mallory", payload: 2 });
		await stream.next("news", ids.length);

		expect(stream.received("news")).toEqual(ids.map(() => 1));
		expect(stream.headers).not.toHaveProperty("set-cookie");
	});

	it.each([
		["null", () => null],
		["null, later", async () => null],
		["undefined", () => undefined],
		["no ids", () => []]
	])("does not exist for %s: 401", async (_, session) => {
		const rejections = watchRejections();
		const gateway = await start(session);
		const { status, error } = await refusal(gateway.url("news"));

		expect(status).toBe(401);
		expect(error).toEqual({
			name: "SseError",
			message: "A stream needs a session.",
			code: 401,
			type: "SSE_UNAUTHORIZED"
		});
		expect(gateway.held).toEqual(NOTHING);
		expect(await rejections()).toEqual([]);
	});

	it.each([
		["throws", () => fail()],
		["rejects", async () => fail()],
		["rejects with what is no error", () => Promise.reject("database secret-7 is down")],
		["rejects with nothing", () => Promise.reject()]
	])("failed if it %s: 500, and the reason stays in the log", async (_, session) => {
		const rejections = watchRejections();
		const gateway = await start(session, { sse: { refusals: "http" } });
		const { status, error } = await refusal(gateway.url("news"));

		expect(status).toBe(500);
		expect(error).toEqual({
			name: "SseError",
			message: "The stream cannot be opened now.",
			code: 500,
			type: "SSE_INTERNAL"
		});
		const reasons = gateway.log.at("error").filter(text => text.includes('SSE: "session" failed'));
		expect(reasons).toHaveLength(1);
		if (session.toString().includes("fail")) expect(reasons[0]).toContain("secret-7");
		expect(gateway.held).toEqual(NOTHING);
		expect(await rejections()).toEqual([]);
	});

	it.each([
		["a fraction", () => 7.5],
		["a number that has lost digits", () => [2 ** 53]],
		["-0", () => -0],
		["a BigInt", () => 7n],
		["an empty text", () => ""],
		["everyone's address", () => "*"],
		["everyone's address among ids", () => ["alice", "*"]],
		["an empty text among ids", () => ["alice", ""]],
		["null among ids", () => ["alice", null]],
		["ids within ids", () => [["alice"]]],
		["an object", () => ({ id: "alice" })],
		["false", () => false],
		["half a character", () => "Ann 👩".slice(0, 5)],
		["an id of 257 characters", () => "x".repeat(257)]
	])("failed if it returns %s: 500", async (_, session) => {
		const rejections = watchRejections();
		const gateway = await start(session, { sse: { refusals: "http" } });
		const { status, error } = await refusal(gateway.url("news"));

		expect(status).toBe(500);
		expect(error.type).toBe("SSE_INTERNAL");
		expect(gateway.log.at("error").join()).toContain(
			"The session resolver returned an invalid id ("
		);
		expect(gateway.held).toEqual(NOTHING);
		expect(await rejections()).toEqual([]);
	});

	// Databases number their users. Each resolver had to write `String(user.id)`, and each sender too.
	it.each([
		["a number", () => 7],
		["numbers among texts", () => ["me", 7]],
		["a number that ends", () => ({ ids: 7, expiresAt: Date.now() + 60_000 })],
		["the same as text, and twice", () => [7, "7"]]
	])("is known by the text of its numbers: %s", async (_, session) => {
		const seen: unknown[] = [];
		const authorize = (_ctx: unknown, { sessionIds }: { sessionIds: readonly string[] }) => {
			seen.push(...sessionIds);
			return true;
		};
		const gateway = await start(session, { sse: { authorize } });
		const stream = await openStream(gateway.url("news"));
		await gateway.send({ eventName: "news", sessionId: 7, payload: "number" });
		await gateway.send({ eventName: "news", sessionId: "7", payload: "text" });
		await stream.next("news", 2);

		expect(stream.received("news")).toEqual(["number", "text"]);
		expect(seen.filter(id => id !== "me")).toEqual(["7"]);
	});

	it("is resolved from the request and its context, once per stream", async () => {
		const session = jest.fn((_ctx: Context, req: SseGatewayRequest) =>
			String(req.headers["x-user"])
		);
		const gateway = await start(session);
		const stream = await openStream(gateway.url("news"), { headers: { "x-user": "alice" } });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });
		await stream.next("news");

		expect(session).toHaveBeenCalledTimes(1);
		const [ctx, req] = session.mock.calls[0] ?? [];
		expect(ctx?.broker).toBe(gateway.broker);
		expect(req?.headers.accept).toBeUndefined();
	});

	it("is not resolved for a request that is refused anyway", async () => {
		const session = jest.fn(() => "alice");
		const gateway = await start(session);
		await refusal(gateway.url());
		await refusal(gateway.url("news"), { method: "POST" });

		expect(session).not.toHaveBeenCalled();
	});

	// The documentation's `user:${user.id}` was `user:undefined` for every user of an application on MongoDB, whose users have
	// an `_id`: each of them got what was sent to any other.
	it.each([
		["its only id", "id", () => "user:undefined"],
		["one of several ids", "ids[1]", () => ["user:7", "tenant:null"]],
		[
			"an id of a session that ends",
			"id",
			() => ({ ids: "user:[object Object]", expiresAt: 1e14 })
		],
		// a forgotten `await`: the text of a promise, the same for everyone
		["what was not awaited", "id", () => `user:${Promise.resolve(7)}`],
		["a part between others", "ids[0]", () => ["org::user", "user:7"]],
		// every id that began with `visitor:` was exempt, whoever had made it
		["a visitor's id of the application's own", "id", () => "visitor:undefined"],
		[
			"a visitor's id of its own, beside that of the cookie",
			"ids[1]",
			(ctx, req) => [visitorSession(ctx, req), "visitor:undefined"]
		]
	] satisfies [string, string, SessionResolver][])(
		"is refused if a value is missing in %s, which strangers would share",
		async (_, field, session) => {
			const gateway = await startGateway({ sse: { session, refusals: "http" } });
			const { status, error } = await refusal(gateway.url("news"));

			expect([status, error.type]).toEqual([500, "SSE_INTERNAL"]);
			const log = gateway.log.at("error").join();
			expect(log).toContain(`"${field}" is "`);
			expect(log).toMatch(
				/A value that the id is made of is missing.+Check the name of the property/
			);
			expect(gateway.held).toEqual(NOTHING);
		}
	);

	it("may be a visitor's, whatever the visitor has written into the cookie", async () => {
		const gateway = await startGateway({ sse: { session: visitorSession } });
		await openStream(gateway.url("news"), { session: "undefined" });
		await openStream(gateway.url("news"), { session: "user:null" });

		expect(gateway.held.streams).toBe(2);
		expect(gateway.log.at("error")).toEqual([]);
	});

	it.each([
		[401, 401, "SSE_UNAUTHORIZED"],
		[402, 401, "SSE_UNAUTHORIZED"],
		[403, 403, "SSE_FORBIDDEN"],
		[404, 401, "SSE_UNAUTHORIZED"]
	])(
		"is permanently missing if it throws an error of status %i: %i",
		async (code, status, type) => {
			const gateway = await start(() => {
				throw Object.assign(new Error("secret-7"), { code });
			});
			const answer = await refusal(gateway.url("news"));

			expect([answer.status, answer.error.type]).toEqual([status, type]);
			expect(JSON.stringify(answer.error)).not.toContain("secret-7");
			expect(gateway.log.at("info").join()).toMatch(/SSE: "session" refused a request.*secret-7/);
			expect(gateway.log.at("error")).toEqual([]);
		}
	);
});

// The text of the log could not be written, so that the refusal became a failure: the client came back for ever.
describe.each(["session", "authorize"])("%s", option => {
	const odd = (fields: object) => () => {
		const error = new Error("secret-7");
		throw Object.assign(error, { name: Symbol("odd"), stack: Symbol("stack"), ...fields });
	};

	it("refuses for good by an error of any name", async () => {
		const gateway = await startGateway({
			sse: { session: () => "alice", [option]: odd({ code: 403 }) }
		});

		expect((await refusal(gateway.url("news"))).error.type).toBe("SSE_FORBIDDEN");
		expect(gateway.log.at("info").join()).toContain(`SSE: "${option}" refused a request: secret-7`);
	});

	it.each([{}, { code: 503 }])("fails by an error of any name: %j", async fields => {
		const gateway = await startGateway({
			sse: { session: () => "alice", [option]: odd(fields), refusals: "http" }
		});

		expect((await refusal(gateway.url("news"))).error.type).toBe("SSE_INTERNAL");
		expect(gateway.log.at("error").join()).toContain(`SSE: "${option}" failed`);
	});
});

describe("authorize", () => {
	const start = (authorize: unknown, sse: GatewaySetup["sse"] = {}) =>
		startGateway({
			sse: { session: () => ["alice", "tenant:7", "alice"], ...sse, authorize } as never
		});

	it.each([
		["true", () => true],
		["true, later", async () => true]
	])("lets a stream open with %s", async (_, authorize) => {
		const gateway = await start(authorize);
		await openStream(gateway.url("news"));

		expect(gateway.held.streams).toBe(1);
	});

	it.each([
		["false", () => false],
		["false, later", async () => false],
		["nothing", () => undefined],
		["1", () => 1],
		["a text", () => "true"],
		["an object", () => ({})]
	])("refuses a stream with 403 for %s", async (_, authorize) => {
		const rejections = watchRejections();
		const gateway = await start(authorize);
		const { status, error } = await refusal(gateway.url("news"));

		expect(status).toBe(403);
		expect(error).toEqual({
			name: "SseError",
			message: "This session may not open that stream.",
			code: 403,
			type: "SSE_FORBIDDEN"
		});
		expect(gateway.held).toEqual(NOTHING);
		expect(await rejections()).toEqual([]);
	});

	it.each([
		["throws", () => fail()],
		["rejects", async () => fail()]
	])("refuses with 500 if it %s, and the reason stays in the log", async (_, authorize) => {
		const rejections = watchRejections();
		const gateway = await start(authorize, { refusals: "http" });
		const { status, error } = await refusal(gateway.url("news"));

		expect(status).toBe(500);
		expect(error.type).toBe("SSE_INTERNAL");
		expect(JSON.stringify(error)).not.toContain("secret-7");
		expect(gateway.log.at("error").join()).toMatch(/SSE: "authorize" failed.*secret-7/s);
		expect(gateway.held).toEqual(NOTHING);
		expect(await rejections()).toEqual([]);
	});

	it("gets the context, the resolved ids, the names and the request", async () => {
		const authorize = jest.fn((..._args: unknown[]) => true);
		const gateway = await start(authorize);
		await openStream(gateway.url("a", "b", "a"), { headers: { "x-user": "alice" } });

		expect(authorize).toHaveBeenCalledTimes(1);
		const [ctx, access] = authorize.mock.calls[0] as [Context, { req: SseGatewayRequest }];
		expect(ctx.broker).toBe(gateway.broker);
		expect(access).toEqual({
			sessionIds: ["alice", "tenant:7"],
			eventNames: ["a", "b"],
			req: expect.anything()
		});
		expect(access.req.headers["x-user"]).toBe("alice");
	});

	it("is not asked if there is no session", async () => {
		const authorize = jest.fn(() => true);
		const gateway = await start(authorize, { session: () => null });
		await refusal(gateway.url("news"));

		expect(authorize).not.toHaveBeenCalled();
	});

	it("holds for HEAD too", async () => {
		const gateway = await start(() => false);

		expect((await send(gateway.url("news"), { method: "HEAD" })).status).toBe(403);
	});
});

describe("sseSession, for the routes of an API", () => {
	const echo = {
		name: "echo",
		actions: { session: (ctx: Context<unknown, { sessionId?: string }>) => ctx.meta }
	};
	const api = (before: Record<string, unknown> = {}) => ({
		path: "/api",
		aliases: { "GET /session": "echo.session" },
		async onBeforeCall(
			this: SseGateway,
			ctx: Context<unknown, object>,
			_route: unknown,
			req: never,
			res: never
		) {
			Object.assign(ctx.meta, before);
			Object.assign(ctx.meta, { answered: await this.sseSession(ctx, req, res) });
		}
	});
	const start = (sse: GatewaySetup["sse"] = {}, before = {}) =>
		startGateway({ sse, services: [echo], settings: { routes: [api(before)] } });

	it("gives a stream whose own route asks for it the same session, and one cookie", async () => {
		const streams = { ...api(), path: "/live", aliases: { "GET /events": { type: "sse" } } };
		const asked: unknown[] = [];
		const gateway = await startGateway({
			sse: {
				path: null,
				authorize: (ctx, { sessionIds }) => asked.push(ctx.meta.sessionId, sessionIds[0]) > 0
			},
			settings: { routes: [streams] }
		});
		const stream = await openStream(gateway.at("/live/events", "news"));
		expect(stream.headers["set-cookie"]).toHaveLength(1);
		expect(typeof asked[0]).toBe("string");
		expect(asked[1]).toBe(asked[0]);
	});

	it("tells an action the id that the caller's streams answer to", async () => {
		const gateway = await start();
		const stream = await openStream(gateway.url("news"));
		const [id] = issued(stream.headers);
		const { text, headers } = await send(`${gateway.origin}/api/session`, { session: id });
		await gateway.send({
			eventName: "news",
			sessionId: JSON.parse(text).sessionId,
			payload: "to the caller"
		});

		expect(JSON.parse(text)).toMatchObject({ sessionId: id, answered: [id] });
		expect(headers).not.toHaveProperty("set-cookie");
		expect((await stream.next("news")).data).toBe('"to the caller"');
	});

	it("issues the cookie with an API call, for later streams", async () => {
		const gateway = await start();
		const { text, headers } = await send(`${gateway.origin}/api/session`);
		const [id] = issued(headers);
		const stream = await openStream(gateway.url("news"), { session: id });

		expect(JSON.parse(text).sessionId).toBe(id);
		expect(stream.headers).not.toHaveProperty("set-cookie");
	});

	it("gives the first of several ids to the action, and all to the route", async () => {
		const gateway = await start({ session: async () => ["alice", "tenant:7"] });
		const { text } = await send(`${gateway.origin}/api/session`);

		expect(JSON.parse(text)).toMatchObject({
			sessionId: "alice",
			answered: ["alice", "tenant:7"]
		});
	});

	it("leaves no id of another session if there is none", async () => {
		const gateway = await start({ session: () => null }, { sessionId: "mallory" });
		const { status, text } = await send(`${gateway.origin}/api/session`);

		expect(status).toBe(200);
		expect(JSON.parse(text)).not.toHaveProperty("sessionId");
		expect(JSON.parse(text).answered).toBeNull();
	});

	it("refuses the call with 500 if the resolver fails, and the reason stays in the log", async () => {
		const rejections = watchRejections();
		const gateway = await start({ session: () => fail() });
		const { status, error } = await refusal(`${gateway.origin}/api/session`);

		expect(status).toBe(500);
		expect(JSON.stringify(error)).not.toContain("secret-7");
		expect(gateway.log.at("error").join()).toContain("secret-7");
		expect(await rejections()).toEqual([]);
	});
});

function fail(): never {
	throw new Error("database secret-7 is down");
}
