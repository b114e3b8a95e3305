import { describe, expect, it } from "@jest/globals";
import type { Context } from "moleculer";
import {
	type CookieOptions,
	SseError,
	type SseGateway,
	type SseGatewayRequest,
	sseSession,
	visitorSession
} from "../../mixins/sse/index.ts";
import { send } from "../support/clients/request.ts";
import { openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { startExpressGateway } from "../support/gateway/express-gateway.ts";
import { startGateway } from "../support/gateway/gateway.ts";

/** The cookies that a response issues: their names, and attributes. */
function issued({ headers }: StreamClient): string[] {
	return (headers["set-cookie"] ?? []).map(cookie => cookie.replace(/=[\w-]{22};/, ";"));
}

/** The value of the one cookie that a response issues. */
function issuedId({ headers }: StreamClient): string {
	const [cookie = ""] = headers["set-cookie"] ?? [];
	return /=([\w-]{22});/.exec(cookie)?.[1] ?? "";
}

const JWT = `eyJ${"x".repeat(400)}`;

describe("the cookie of the default session", () => {
	it.each([
		[{}, "sid; Path=/; HttpOnly; SameSite=Lax"],
		[{ name: "stream" }, "stream; Path=/; HttpOnly; SameSite=Lax"],
		[{ secure: true }, "sid; Path=/; HttpOnly; Secure; SameSite=Lax"],
		[{ sameSite: "strict" }, "sid; Path=/; HttpOnly; SameSite=Strict"],
		[{ sameSite: "none", secure: true }, "sid; Path=/; HttpOnly; Secure; SameSite=None"],
		[{ path: "/sse" }, "sid; Path=/sse; HttpOnly; SameSite=Lax"],
		[{ domain: "shop.example" }, "sid; Domain=shop.example; Path=/; HttpOnly; SameSite=Lax"],
		[{ name: "__Host-sid", secure: true }, "__Host-sid; Path=/; HttpOnly; Secure; SameSite=Lax"]
	] as [Partial<CookieOptions>, string][])("follows its options: %j", async (cookie, expected) => {
		const gateway = await startGateway({ sse: { cookie } });
		const stream = await openStream(gateway.url("news"));

		expect(issued(stream)).toEqual([expected]);
	});

	it("is recognised by its name when it comes back, and by no other", async () => {
		const gateway = await startGateway({ sse: { cookie: { name: "stream" } } });
		const headers = { cookie: "sid=bob; stream=alice" };
		const stream = await openStream(gateway.url("news"), { headers });
		await gateway.send({ eventName: "news", sessionId: "bob", payload: "for bob" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "for alice" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["for alice"]);
		expect(issued(stream)).toEqual([]);
	});

	it("may be configured in the settings, in part", async () => {
		const gateway = await startGateway({ settings: { sse: { cookie: { name: "stream" } } } });
		const stream = await openStream(gateway.url("news"));

		expect(issued(stream)).toEqual(["stream; Path=/; HttpOnly; SameSite=Lax"]);
	});
});

describe("the cookie is Secure", () => {
	const SECURE = "sid; Path=/; HttpOnly; Secure; SameSite=Lax";
	const PLAIN = "sid; Path=/; HttpOnly; SameSite=Lax";

	// Behind a proxy that ends TLS the gateway speaks http, and the cookie of an https site was sent over http too.
	it.each([
		[true, "https", SECURE],
		[1, "https", SECURE],
		["loopback", "HTTPS", SECURE],
		[["127.0.0.1"], "https, http", SECURE],
		[1, "http", PLAIN],
		[1, "http, https", PLAIN],
		[1, "", PLAIN],
		[1, undefined, PLAIN],
		[false, "https", PLAIN],
		[0, "https", PLAIN],
		["10.0.0.0/8", "https", PLAIN]
	])("if a trusted proxy says so: %j, %j", async (trustProxy, proto, expected) => {
		const gateway = await startGateway({ sse: { trustProxy } });
		const headers = proto === undefined ? {} : { "x-forwarded-proto": proto };
		const stream = await openStream(gateway.url("news"), { headers });

		expect(issued(stream)).toEqual([expected]);
	});

	it("not if it is configured not to be", async () => {
		const gateway = await startGateway({ sse: { trustProxy: 1, cookie: { secure: false } } });
		const headers = { "x-forwarded-proto": "https" };
		const stream = await openStream(gateway.url("news"), { headers });

		expect(issued(stream)).toEqual([PLAIN]);
	});

	it("under Express, by Express's setting or the gateway's", async () => {
		const headers = { "x-forwarded-proto": "https" };
		const gateway = await startExpressGateway({ sse: { trustProxy: 1 } });

		expect(issued(await openStream(gateway.url("news"), { headers }))).toEqual([SECURE]);
		const other = await startExpressGateway({ broker: { nodeID: "node-2" } });
		other.app.set("trust proxy", true);
		expect(issued(await openStream(other.url("news"), { headers }))).toEqual([SECURE]);
	});
});

describe("another application's cookie of the same name", () => {
	// Its value was too long for an id, so a session was issued in its place: opening a page with a stream logged the user out
	// of the other application.
	it("is left as it is, and the session has a second cookie", async () => {
		const gateway = await startGateway();
		const headers = { cookie: `sid=${JWT}` };
		const stream = await openStream(gateway.url("news"), { headers });
		expect(issued(stream)).toEqual(["sid-sse; Path=/; HttpOnly; SameSite=Lax"]);

		const id = issuedId(stream);
		const back = { cookie: `sid=${JWT}; sid-sse=${id}` };
		const again = await openStream(gateway.url("news"), { headers: back });
		await gateway.send({ eventName: "news", sessionId: id, payload: 1 });
		await stream.next("news");
		await again.next("news");
		expect(issued(again)).toEqual([]);
	});

	it("does not hide the session's own, whichever comes first", async () => {
		const gateway = await startGateway();
		const headers = { cookie: `sid=${JWT}; sid=alice` };
		const stream = await openStream(gateway.url("news"), { headers });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		await stream.next("news");
		expect(issued(stream)).toEqual([]);
	});

	it("does not end the session when it is gone, or has become shorter", async () => {
		const gateway = await startGateway();
		for (const cookie of ["sid-sse=alice", "sid=short; sid-sse=alice"]) {
			const stream = await openStream(gateway.url("news"), { headers: { cookie } });
			await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });
			await stream.next("news");
		}
	});
});

describe("visitors, beside users", () => {
	/** A request with `x-user` is that user's. */
	const session = (ctx: Context, req: SseGatewayRequest): string => {
		const user = req.headers["x-user"];
		return user === undefined ? visitorSession(ctx, req) : `user:${user}`;
	};
	const start = () =>
		startGateway({
			sse: { session, cookie: { name: "visitor" } },
			settings: {
				routes: [{ path: "/api", aliases: { "GET /me": "me.me" }, onBeforeCall: sseSession }]
			},
			services: [
				{ name: "me", actions: { me: (ctx: Context<unknown, object>) => ctx.meta } }
			] as never
		});

	it("are known by the cookie, and users by what proves them", async () => {
		const gateway = await start();
		const visitor = await openStream(gateway.url("news"));
		const user = await openStream(gateway.url("news"), { headers: { "x-user": "7" } });
		expect(issued(visitor)).toEqual(["visitor; Path=/; HttpOnly; SameSite=Lax"]);
		expect(issued(user)).toEqual([]);

		const sessionId = `visitor:${issuedId(visitor)}`;
		await gateway.send({ eventName: "news", sessionId, payload: "for the visitor" });
		await gateway.send({ eventName: "news", sessionId: "user:7", payload: "for user 7" });
		await visitor.next("news");
		await user.next("news");
		expect(visitor.received("news")).toEqual(["for the visitor"]);
		expect(user.received("news")).toEqual(["for user 7"]);
	});

	it("are not users, whatever they write into the cookie", async () => {
		const gateway = await start();
		for (const value of ["user:7", "7", "*", "visitor:", "x".repeat(256)]) {
			const stream = await openStream(gateway.url("news"), {
				headers: { cookie: `visitor=${encodeURIComponent(value)}` }
			});
			await gateway.send({ eventName: "news", sessionId: ["user:7", "7"], payload: "for user 7" });
			await gateway.send({ eventName: "news", sessionId: "*", payload: "for everyone" });
			await stream.next("news");
			expect(stream.received("news")).toEqual(["for everyone"]);
		}
	});

	it("are the same to the API as to their streams", async () => {
		const gateway = await start();
		const stream = await openStream(gateway.url("news"));
		const headers = { cookie: `visitor=${issuedId(stream)}` };
		const { text } = await send(`${gateway.origin}/api/me`, { headers });

		expect(JSON.parse(text)).toMatchObject({ sessionId: `visitor:${issuedId(stream)}` });
	});

	it("may be asked for only by `session`", async () => {
		const request = { headers: {} } as SseGatewayRequest;

		expect(() => visitorSession({} as Context, request)).toThrow(/for the option "session"/);
	});
});

describe("onBeforeCall: sseSession", () => {
	it("tells actions the session of their caller", async () => {
		const gateway = await startGateway({
			settings: {
				routes: [{ path: "/api", aliases: { "GET /me": "me.me" }, onBeforeCall: sseSession }]
			},
			services: [
				{ name: "me", actions: { me: (ctx: Context<unknown, object>) => ctx.meta } }
			] as never
		});
		const headers = { cookie: "sid=alice" };
		const { text } = await send(`${gateway.origin}/api/me`, { headers });

		expect(JSON.parse(text)).toMatchObject({ sessionId: "alice" });
	});

	it("says what it needs if other code calls it", async () => {
		const call = (self: unknown) =>
			sseSession.call(self as SseGateway, {} as Context, {}, {} as never, {} as never);

		for (const self of [undefined, {}, { sseSession: true }]) {
			const error = await call(self).catch((thrown: unknown) => thrown);
			expect(error).toBeInstanceOf(SseError);
			expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { missing: "SseMixin" } });
		}
	});
});
