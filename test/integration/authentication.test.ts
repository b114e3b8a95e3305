import { describe, expect, it } from "@jest/globals";
import { parseCookie } from "cookie";
import { jwtVerify, SignJWT } from "jose";
import type { SessionResolver, SseGatewayRequest } from "../../mixins/sse/index.ts";
import { refusal } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { startGateway, type TestGateway } from "../support/gateway/gateway.ts";

// the ways that the guide shows, as shown there

const KEY = new TextEncoder().encode("the application's own secret, of 32 bytes or more");

interface Found {
	user: string;
	expiresAt: number;
}

interface User {
	sub: string;
	tenant: string;
	admin?: boolean;
	exp?: number;
}

const token = ({ exp, ...user }: User, key = KEY) =>
	new SignJWT({ ...user })
		.setProtectedHeader({ alg: "HS256" })
		.setExpirationTime(exp ?? "1h")
		.sign(key);

const ofUser: SessionResolver = ({ meta: { user } }) =>
	user && {
		ids: [`user:${user.sub}`, `tenant:${user.tenant}`, `role:${user.admin ? "admin" : "user"}`],
		expiresAt: user.exp * 1000
	};

const startJwt = (read: (req: SseGatewayRequest) => string | undefined) =>
	startGateway({
		sse: {
			path: null,
			heartbeat: 200,
			session: ofUser,
			authorize: (_ctx, { sessionIds, eventNames }) =>
				sessionIds.includes("role:admin") || !eventNames.some(name => name.startsWith("admin."))
		},
		settings: {
			routes: [{ path: "/live", authentication: true, aliases: { "GET /events": { type: "sse" } } }]
		},
		schema: {
			methods: {
				async authenticate(_ctx: unknown, _route: unknown, req: SseGatewayRequest) {
					try {
						const { payload } = await jwtVerify(read(req) ?? "", KEY, { algorithms: ["HS256"] });
						return payload;
					} catch {
						return null;
					}
				}
			}
		}
	});

const fromHeader = (req: SseGatewayRequest) => req.headers.authorization?.replace(/^Bearer /, "");
const fromCookie = (req: SseGatewayRequest) => parseCookie(req.headers.cookie ?? "").token;

describe.each([
	["in Authorization", fromHeader, (jwt: string) => ({ authorization: `Bearer ${jwt}` })],
	["in a cookie", fromCookie, (jwt: string) => ({ cookie: `theme=dark; token=${jwt}` })]
])("a JWT %s", (_, read, headersOf) => {
	const open = async (gateway: TestGateway, user: User, ...names: string[]) =>
		openStream(gateway.at("/live/events", ...names), { headers: headersOf(await token(user)) });

	it("proves the user and the tenant", async () => {
		const gateway = await startJwt(read);
		const alice = await open(gateway, { sub: "alice", tenant: "a" }, "news");
		const bob = await open(gateway, { sub: "bob", tenant: "b" }, "news");
		const send = (sessionId: string, payload: string) =>
			gateway.send({ eventName: "news", sessionId, payload });
		await send("user:alice", "to alice");
		await send("tenant:a", "to a");
		await send("user:bob", "to bob");
		await send("tenant:b", "to b");
		await alice.next("news", 2);
		await bob.next("news", 2);

		expect(alice.received("news")).toEqual(["to alice", "to a"]);
		expect(bob.received("news")).toEqual(["to bob", "to b"]);
	});

	it("keeps users apart from tenants of the same name", async () => {
		const gateway = await startJwt(read);
		const user = await open(gateway, { sub: "acme", tenant: "other" }, "news");
		await gateway.send({ eventName: "news", sessionId: "tenant:acme", payload: "to the tenant" });
		await gateway.send({ eventName: "news", sessionId: "user:acme", payload: "to the user" });
		await user.next("news");

		expect(user.received("news")).toEqual(["to the user"]);
	});

	it("lets in only who may: 403 for events of admins", async () => {
		const gateway = await startJwt(read);
		await open(gateway, { sub: "root", tenant: "a", admin: true }, "admin.audit");
		const headers = headersOf(await token({ sub: "alice", tenant: "a" }));

		expect((await refusal(gateway.at("/live/events", "admin.audit"), { headers })).status).toBe(
			403
		);
	});

	it("ends the stream when it expires", async () => {
		const gateway = await startJwt(read);
		const clocks = stubClocks();
		const exp = Math.ceil(Date.now() / 1000) + 3600;
		const stream = await open(gateway, { sub: "alice", tenant: "a", exp }, "news");
		clocks.setWall(3_601_000);
		await stream.end;

		expect(stream.text).toContain('{"reason":"expired"}');
	});

	it.each([
		["none", async () => "x"],
		["another key's", () => token({ sub: "a", tenant: "a" }, KEY.slice().reverse())],
		["an expired one", () => token({ sub: "a", tenant: "a", exp: 1 })]
	])("opens nothing if it is %s", async (_name, make) => {
		const gateway = await startJwt(read);
		const headers = headersOf(await make());
		const { status } = await refusal(gateway.at("/live/events", "news"), { headers });

		expect(status).toBe(401);
		expect(gateway.held.streams).toBe(0);
	});
});

describe("a session cookie of the application's own", () => {
	const sessions = new Map<string, Found>([
		["k-alice", { user: "alice", expiresAt: Date.now() + 60_000 }]
	]);
	const start = () =>
		startGateway({
			sse: {
				async session(ctx, req) {
					const { connect: key } = parseCookie(req.headers.cookie ?? "");
					const found = key && (await ctx.call<Found | null, object>("sessions.find", { key }));
					return found ? { ids: [`user:${found.user}`], expiresAt: found.expiresAt } : null;
				}
			},
			services: [
				{
					name: "sessions",
					actions: {
						find: ctx => sessions.get((ctx.params as { key: string }).key) ?? null
					}
				}
			]
		});

	it("is looked up by the application", async () => {
		const gateway = await start();
		const stream = await openStream(gateway.url("news"), {
			headers: { cookie: "connect=k-alice" }
		});
		await gateway.send({ eventName: "news", sessionId: "k-alice", payload: "to the key" });
		await gateway.send({ eventName: "news", sessionId: "user:alice", payload: "to the user" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["to the user"]);
		expect(stream.headers).not.toHaveProperty("set-cookie");
	});

	it.each(["", "connect=", "connect=unknown", "sid=k-alice"])(
		"is missing in %j: 401",
		async cookie => {
			const gateway = await start();

			expect((await refusal(gateway.url("news"), { headers: { cookie } })).status).toBe(401);
		}
	);

	it("that is ended and revoked opens no more streams", async () => {
		const gateway = await start();
		sessions.set("k-bob", { user: "bob", expiresAt: Date.now() + 60_000 });
		const headers = { cookie: "connect=k-bob" };
		const stream = await openStream(gateway.url("news"), { headers });
		sessions.delete("k-bob");
		await gateway.broker.broadcast("sse.close", { sessionId: "user:bob" });
		await stream.end;

		expect((await refusal(gateway.url("news"), { headers })).status).toBe(401);
	});
});
