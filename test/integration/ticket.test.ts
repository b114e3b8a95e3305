import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { SignJWT } from "jose";
import type { Context, Middleware } from "moleculer";
import type { SseMixinOptions, TicketOptions } from "../../mixins/sse/index.ts";
import { refusal, send } from "../support/clients/request.ts";
import { openStream, requestStream } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import {
	type GatewaySetup,
	type NodeSetup,
	startGateway,
	TestGateway,
	TestNode
} from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { stubEnv } from "../support/stub-env.ts";

// long enough for HS512 as well, which is not accepted
const SECRET = "a-secret-of-the-tests-that-is-long-enough-for-every-hash-of-hmac-sha2";
const OTHER = "another-secret-of-the-tests-with-32-bytes-or-more";

/** Milliseconds after which a gateway has existed for longer than any ticket that is still valid. */
const LONG = 120_000;

/** A gateway whose API knows its callers by a header, and whose streams are opened with tickets. */
const start = (
	ticket: TicketOptions = { secret: SECRET },
	{ sse = {}, ...setup }: GatewaySetup & NodeSetup = {}
) =>
	startGateway({
		...setup,
		sse: { session: ({ meta }) => meta.user?.id ?? null, ...sse, ticket },
		settings: {
			logRequest: "info",
			routes: [
				{
					path: "/api",
					authentication: true,
					bodyParsers: { json: true },
					aliases: { "POST /ticket": "api.sseTicket", "GET /ticket": "api.sseTicket" }
				}
			],
			...setup.settings
		},
		schema: {
			methods: {
				authenticate: (_ctx: unknown, _route: unknown, req: { headers: Record<string, string> }) =>
					req.headers.authorization ? { id: req.headers.authorization } : null
			}
		}
	});

async function ask(
	gateway: TestGateway,
	eventName: unknown = ["news"],
	authorization = "alice"
): Promise<{ status: number; ticket: string; body: Record<string, unknown>; cache?: unknown }> {
	const { status, text, headers } = await send(`${gateway.origin}/api/ticket`, {
		method: "POST",
		headers: { ...(authorization && { authorization }), "content-type": "application/json" },
		body: JSON.stringify({ eventName })
	});
	const body = JSON.parse(text);
	return { status, ticket: body.ticket, body, cache: headers["cache-control"] };
}

const at = (gateway: TestGateway, ticket: string, ...names: string[]) =>
	`${gateway.url(...(names.length > 0 ? names : ["news"]))}&ticket=${encodeURIComponent(ticket)}`;

const refused = async (gateway: TestGateway, url: string) => {
	const { streams } = gateway.held;
	const { status, error } = await refusal(url);
	expect({ status, type: error.type, message: error.message, data: error.data }).toEqual({
		status: 401,
		type: "SSE_UNAUTHORIZED",
		// one text for all: every detail would help a forger
		message: "This ticket does not open this stream: ask for a new one.",
		data: undefined
	});
	expect(gateway.held.streams).toBe(streams);
};

describe("a ticket", () => {
	it("opens one stream of the session that asked for it", async () => {
		const gateway = await start();
		const { status, ticket, body, cache } = await ask(gateway);
		expect([status, body.expiresIn, cache]).toEqual([200, 30_000, "no-store"]);
		const stream = await openStream(at(gateway, ticket));
		await gateway.send({ eventName: "news", sessionId: "bob", payload: "for bob" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "for alice" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["for alice"]);
	});

	it("is also issued by GET, and for one event name", async () => {
		const gateway = await start();
		const { text } = await send(`${gateway.origin}/api/ticket?eventName=news`, {
			headers: { authorization: "alice" }
		});

		await openStream(at(gateway, JSON.parse(text).ticket));
	});

	it("opens a stream of fewer names than it was issued for", async () => {
		const gateway = await start();

		await openStream(at(gateway, (await ask(gateway, ["news", "orders"])).ticket, "orders"));
	});

	it("brings a stream back to where it was, with a new ticket", async () => {
		const gateway = await start();
		const first = await openStream(at(gateway, (await ask(gateway)).ticket));
		const place = first.events.findLast(({ id }) => id)?.id as string;
		first.close();
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "missed" });
		const url = at(gateway, (await ask(gateway)).ticket);
		const back = await openStream(`${url}&lastEventId=${encodeURIComponent(place)}`);

		expect((await back.next("news")).data).toBe('"missed"');
	});

	it("ends its stream with the session, if that ends", async () => {
		const clocks = stubClocks();
		const expiresAt = Date.now() + 3_600_000;
		const gateway = await start(
			{ secret: SECRET },
			{ sse: { heartbeat: 200, session: () => ({ ids: "alice", expiresAt }) } }
		);
		const stream = await openStream(at(gateway, (await ask(gateway)).ticket));
		clocks.setWall(3_600_000);
		await stream.end;

		expect(stream.text).toContain('{"reason":"expired"}');
	});

	it("overrides a cookie", async () => {
		const gateway = await start();
		const { ticket } = await ask(gateway);
		const stream = await openStream(at(gateway, ticket), { session: "bob" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		await stream.next("news");
	});

	it("is passed to `authorize` when it is issued, and when it is used", async () => {
		const asked: string[] = [];
		let isAllowed = true;
		const authorize: SseMixinOptions["authorize"] = (_ctx, { sessionIds, eventNames }) => {
			asked.push(`${sessionIds} ${eventNames}`);
			return isAllowed;
		};
		const gateway = await start({ secret: SECRET }, { sse: { authorize } });
		const { ticket } = await ask(gateway, ["news", "orders"]);
		isAllowed = false;

		expect((await refusal(at(gateway, ticket))).status).toBe(403);
		expect((await ask(gateway)).status).toBe(403);
		expect(asked).toEqual(["alice news,orders", "alice news", "alice news"]);
	});
});

describe("no ticket", () => {
	it("is issued without a session: 401", async () => {
		const gateway = await start();
		const { status, body } = await ask(gateway, ["news"], "");

		expect([status, body.type]).toEqual([401, "SSE_UNAUTHORIZED"]);
	});

	it.each([null, [], "", ["news", ""], ["sse.open"], 7, [["news"]], [{}]])(
		"is issued for something that is not a list of event names: %j",
		async eventName => {
			const gateway = await start();
			const { status, body } = await ask(gateway, eventName);

			expect([status, body.type]).toEqual([400, "SSE_INVALID_REQUEST"]);
		}
	);

	it("is issued for an event that is not in the contract, or for so many that no URL holds it", async () => {
		const gateway = await start({ secret: SECRET }, { sse: { events: { news: {} } } });
		expect((await ask(gateway, ["news", "orders"])).status).toBe(400);

		const open = await start();
		const names = Array.from({ length: 90 }, (_, n) => `${n}-${"x".repeat(100)}`);
		expect((await ask(open, names)).status).toBe(400);
	});

	it("is issued to a caller that says in the params who it is", async () => {
		const gateway = await start();
		const url = `${gateway.origin}/api/ticket?eventName=news&sessionId=alice&ids=alice`;

		expect((await refusal(url)).status).toBe(401);
	});

	// An action of the application asks for its caller's ticket: its params are the caller's, and could be a request with a
	// context in which anybody has proven to be anybody.
	it("is issued to a caller that makes up a request", async () => {
		const gateway = await start(
			{ secret: SECRET },
			{
				settings: {
					routes: [
						{ path: "/api", bodyParsers: { json: true }, aliases: { "POST /live": "live.ticket" } }
					]
				},
				services: [
					{
						name: "live",
						actions: {
							ticket: (ctx: Context) => ctx.call("api.sseTicket", { eventName: "news" })
						}
					}
				]
			}
		);
		const forged = {
			req: { method: "GET", url: "/", headers: {}, $ctx: { meta: { user: { id: "alice" } } } },
			res: {}
		};
		const { status, text } = await send(`${gateway.origin}/api/live`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(forged)
		});

		expect([status, JSON.parse(text).type]).toEqual([401, "SSE_UNAUTHORIZED"]);
	});

	it.each(["authentication", "session", "authorize"])(
		"is issued on an answer from before a revocation: during %s",
		async during => {
			let gate = createGate();
			let isSlow = true;
			const wait = (name: string) => (isSlow && name === during ? gate.wait() : undefined);
			const gateway = await startGateway({
				sse: {
					ticket: { secret: SECRET },
					session: async ({ meta: { user } }) => {
						await wait("session");
						return user ?? null;
					},
					authorize: async () => {
						await wait("authorize");
						return true;
					}
				},
				settings: {
					routes: [
						{
							path: "/api",
							authentication: true,
							bodyParsers: { json: true },
							aliases: { "POST /ticket": "api.sseTicket" }
						}
					]
				},
				schema: {
					methods: {
						async authenticate() {
							await wait("authentication");
							return "alice";
						}
					}
				}
			});
			const asking = ask(gateway);
			await gate.reached;
			await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
			await sleep(5);
			gate.open();
			expect((await asking).status).toBe(401);

			// others' do not matter
			gate = createGate();
			const again = ask(gateway);
			await gate.reached;
			await gateway.broker.broadcast("sse.close", { sessionId: "bob" });
			gate.open();
			const { ticket } = await again;
			isSlow = false;
			await openStream(at(gateway, ticket));
		}
	);

	it("is issued for a call that no request has led to", async () => {
		const gateway = await start();
		const options = { meta: { user: { id: "alice" } } };

		await expect(
			gateway.broker.call("api.sseTicket", { eventName: "news" }, options)
		).rejects.toMatchObject({ type: "SSE_UNAUTHORIZED" });
		await expect(
			gateway.broker.call("api.sseTicket", { eventName: "news", req: {}, res: {} }, options)
		).rejects.toMatchObject({ type: "SSE_UNAUTHORIZED" });
	});

	it("is issued, or accepted, if the option is off", async () => {
		const gateway = await startGateway({ sse: { session: () => "mallory" } });
		await expect(gateway.broker.call("api.sseTicket")).rejects.toMatchObject({ code: 404 });
		const ticket = await forge({ ids: ["alice"], names: ["news"] }, SECRET);
		const stream = await openStream(at(gateway, ticket));
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "for alice" });
		await gateway.send({ eventName: "news", sessionId: "mallory", payload: "for mallory" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["for mallory"]);
	});
});

/** A ticket as another program may issue it, except for the given changes. */
async function forge(
	claims: object,
	secret: string,
	header: Record<string, unknown> = {}
): Promise<string> {
	const now = Date.now() / 1000;
	return new SignJWT({
		aud: "moleculer-sse",
		iat: now,
		exp: now + 20,
		jti: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url"),
		...claims
	})
		.setProtectedHeader({ alg: "HS256", typ: "sse-ticket+jwt", ...header })
		.sign(new TextEncoder().encode(secret));
}

const good = { ids: ["alice"], names: ["news"] };
const issuer = { gw: "a-gateway-1", at: 1000, heard: 0 };
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Date.now() / 1000;
const none = (alg: string) =>
	`${b64({ alg, typ: "sse-ticket+jwt" })}.${b64({ ...good, aud: "moleculer-sse", iat: now(), exp: now() + 20, jti: "x".repeat(22) })}.`;

const FORGED: [what: string, make: () => string | Promise<string>][] = [
	["nothing", () => ""],
	["no token", () => "ticket"],
	["dots", () => ".."],
	["a very long one", () => "x".repeat(8000)],
	["signed with another secret", () => forge(good, OTHER)],
	["not signed (alg none)", () => none("none")],
	["not signed (alg None)", () => none("None")],
	["not signed (alg HS256)", () => none("HS256")],
	["of another algorithm", () => forge(good, SECRET, { alg: "HS512" })],
	["of another type", () => forge(good, SECRET, { typ: "JWT" })],
	["of no type", () => forge(good, SECRET, { typ: undefined })],
	["for another audience", () => forge({ ...good, aud: "other" }, SECRET)],
	["expired", () => forge({ ...good, iat: now() - 41, exp: now() - 11 }, SECRET)],
	["expired just now", () => forge({ ...good, iat: now() - 40, exp: now() - 10.001 }, SECRET)],
	["not valid yet", () => forge({ ...good, nbf: now() + 11 }, SECRET)],
	["of the future", () => forge({ ...good, iat: now() + 11 }, SECRET)],
	["living longer than tickets do", () => forge({ ...good, exp: now() + 3600 }, SECRET)],
	["without an end", () => forge({ ...good, exp: undefined }, SECRET)],
	["without a beginning", () => forge({ ...good, iat: undefined }, SECRET)],
	["without a jti", () => forge({ ...good, jti: undefined }, SECRET)],
	["with a jti of another shape", () => forge({ ...good, jti: "1" }, SECRET)],
	["without ids", () => forge({ names: ["news"] }, SECRET)],
	["with no ids", () => forge({ ...good, ids: [] }, SECRET)],
	["with everyone's address as id", () => forge({ ...good, ids: ["*"] }, SECRET)],
	["with a fraction as id", () => forge({ ...good, ids: ["alice", 7.5] }, SECRET)],
	["with half a character in an id", () => forge({ ...good, ids: ["\ud83d"] }, SECRET)],
	["without names", () => forge({ ids: ["alice"] }, SECRET)],
	["with a name that is a text", () => forge({ ...good, names: "news" }, SECRET)],
	["of other names", () => forge({ ...good, names: ["orders"] }, SECRET)],
	["of a session that has ended", () => forge({ ...good, end: "yesterday" }, SECRET)],
	["of a gateway that is none", () => forge({ ...good, ...issuer, gw: "g" }, SECRET)],
	["of a gateway, without its time", () => forge({ ...good, ...issuer, at: "0" }, SECRET)],
	["of a gateway, without its count", () => forge({ ...good, ...issuer, heard: null }, SECRET)],
	["after something odd", () => forge({ ...good, ...issuer, after: "all" }, SECRET)],
	["for odd gateways", () => forge({ ...good, ...issuer, lives: [7] }, SECRET)]
];

describe("a stream is refused with 401 for a ticket that is", () => {
	it.each(FORGED)("%s", async (_, make) => {
		const clocks = stubClocks();
		const gateway = await start();
		clocks.pass(LONG);

		await refused(gateway, at(gateway, await make()));
	});

	it.each([
		["another program's", good],
		["another gateway's", { ...good, ...issuer }]
	])("not the same, as it should be: %s", async (_, claims) => {
		const clocks = stubClocks();
		const gateway = await start();
		clocks.pass(LONG);

		await openStream(at(gateway, await forge(claims, SECRET)));
	});

	it("not another program's with a number as id: it is the same as its text", async () => {
		const clocks = stubClocks();
		const gateway = await start();
		clocks.pass(LONG);
		const stream = await openStream(at(gateway, await forge({ ...good, ids: [7, "7"] }, SECRET)));
		await gateway.send({ eventName: "news", sessionId: 7, payload: "to seven" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["to seven"]);
		expect(gateway.held.sessions).toBe(1);
	});

	it("altered, in any one character", async () => {
		const gateway = await start();
		const { ticket } = await ask(gateway);
		const places = Array.from({ length: 20 }, (_, n) => Math.floor((n * ticket.length) / 20));
		for (const place of places) {
			const char = ticket[place] === "A" ? "Z" : "A";
			await refused(gateway, at(gateway, ticket.slice(0, place) + char + ticket.slice(place + 1)));
		}

		await openStream(at(gateway, ticket));
	});

	it("given twice in one URL", async () => {
		const gateway = await start();
		const { ticket } = await ask(gateway);

		await refused(gateway, `${at(gateway, ticket)}&ticket=${ticket}`);
	});

	it("used for names that it was not issued for", async () => {
		const gateway = await start();

		await refused(gateway, at(gateway, (await ask(gateway)).ticket, "news", "orders"));
	});

	it("older than it may get", async () => {
		const gateway = await start({ secret: SECRET, expiresIn: 1000 });
		const { ticket } = await ask(gateway);
		await new Promise(resolve => setTimeout(resolve, 1050));

		await refused(gateway, at(gateway, ticket));
	});

	it("used already", async () => {
		const gateway = await start();
		const { ticket } = await ask(gateway);
		(await openStream(at(gateway, ticket))).close();
		await eventually(() => expect(gateway.held.streams).toBe(0));

		await refused(gateway, at(gateway, ticket));
	});

	it("used twice at once: one stream opens", async () => {
		let asked = 0;
		const gate = createGate<boolean>();
		const authorize = () => {
			if (++asked === 11) gate.open(true);
			return asked === 1 || gate.wait();
		};
		const gateway = await start({ secret: SECRET }, { sse: { authorize } });
		const { ticket } = await ask(gateway);
		// all have shown the ticket before any is open
		const streams = await Promise.all(
			Array.from({ length: 10 }, () => requestStream(at(gateway, ticket)))
		);

		expect(streams.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(401)]);
	});

	// The bus threw when the others were to be told: the ticket was used up, and answered with 500.
	it.each(["throws", "answers nothing"])("used already, even if a broadcast %s", async how => {
		type Broadcast = (event: string, ...rest: unknown[]) => unknown;
		const broadcast =
			(next: Broadcast): Broadcast =>
			(event, ...rest) => {
				if (event !== "sse.ticket") return next(event, ...rest);
				if (how === "throws") throw new Error("the transporter's own");
			};
		// Moleculer's types describe such hooks as what they return
		const middlewares = [{ broadcast } as unknown as Middleware];
		const gateway = await start({ secret: SECRET }, { broker: { middlewares } });
		const { ticket } = await ask(gateway);
		await openStream(at(gateway, ticket));
		await refused(gateway, at(gateway, ticket));
	});

	it("used already on another gateway", async () => {
		const namespace = crypto.randomUUID();
		const [one, two] = (await Promise.all(
			["g1", "g2"].map(id => start({ secret: SECRET }, { broker: memberOf(namespace, id) }))
		)) as [TestGateway, TestGateway];
		await meet(one.broker, two.broker);
		const { ticket } = await ask(one);
		await openStream(at(two, ticket));
		await eventually(async () => expect((await refusal(at(one, ticket))).status).toBe(401));
	});

	it("of a session that was revoked after it was issued, and not one that was issued after", async () => {
		const gateway = await start();
		const { ticket } = await ask(gateway);
		await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
		await refused(gateway, at(gateway, ticket));
		await new Promise(resolve => setTimeout(resolve, 5));

		await openStream(at(gateway, (await ask(gateway)).ticket));
	});
});

describe("a ticket is not used up by", () => {
	it("a HEAD", async () => {
		const gateway = await start();
		const { ticket } = await ask(gateway);
		expect((await send(at(gateway, ticket), { method: "HEAD" })).status).toBe(200);

		await openStream(at(gateway, ticket));
		expect((await send(at(gateway, ticket), { method: "HEAD" })).status).toBe(401);
	});

	it("a stream that is sent away to come back", async () => {
		let gate = createGate<boolean>();
		gate.open(true);
		const authorize = () => gate.wait();
		const gateway = await start({ secret: SECRET }, { sse: { authorize } });
		const { ticket } = await ask(gateway, ["news", "orders"]);
		gate = createGate<boolean>();
		const opening = requestStream(at(gateway, ticket, "news"));
		await gate.reached;
		await gateway.broker.broadcast("sse.close", { sessionId: "alice", eventName: "news" });
		gate.open(true);
		expect((await opening).status).toBe(200);
		await (await opening).end;

		// not used, but what it is for was revoked since
		await refused(gateway, at(gateway, ticket, "news"));
		await openStream(at(gateway, ticket, "orders"));
	});

	it.each([
		["nothing", undefined],
		["a text", "jti"],
		["no jti", { until: Date.now() + 1000 }],
		["another object", { jti: {}, until: {} }],
		["a jti that is none", { jti: "__proto__", until: Date.now() + 1000 }],
		["a list that is none", { used: { length: 1, 0: "x".repeat(22) } }],
		["a list of what is no jti", { used: [undefined, {}, 7, "__proto__", ["x".repeat(22)]] }]
	])("odd messages of other gateways: %s", async (_, message) => {
		const gateway = await start();
		const { ticket } = await ask(gateway);
		await gateway.broker.broadcast("sse.ticket", message);

		await openStream(at(gateway, ticket));
	});
});

describe("the secret of tickets", () => {
	it("may be in the environment, with the one before it", async () => {
		stubEnv("MOLECULER_SSE_TICKET_SECRET", SECRET);
		stubEnv("MOLECULER_SSE_TICKET_SECRET_PREVIOUS", OTHER);
		const clocks = stubClocks();
		const gateway = await start({});
		clocks.pass(LONG);

		await openStream(at(gateway, (await ask(gateway)).ticket));
		await openStream(at(gateway, await forge(good, OTHER)));
		await openStream(at(gateway, await forge(good, SECRET)));
	});

	it("can be changed: tickets of the old one are valid while both are there", async () => {
		const clocks = stubClocks();
		const old = await start({ secrets: [OTHER] });
		const both = await start({ secrets: [SECRET, OTHER] }, { broker: { nodeID: "both" } });
		const renewed = await start({ secrets: [SECRET] }, { broker: { nodeID: "new" } });
		clocks.pass(LONG);
		const { ticket } = await ask(old);
		const { ticket: next } = await ask(both);

		await openStream(at(both, ticket));
		await openStream(at(renewed, next));
		await refused(renewed, at(renewed, ticket));
	});

	it("shows in no settings, service list, log, error or inspection", async () => {
		const gateway = await start();
		await openStream(at(gateway, (await ask(gateway)).ticket));
		await refusal(at(gateway, "forged"));
		const services = await gateway.broker.call("$node.services", { withActions: true });
		const { inspect } = await import("node:util");
		const shown = [
			JSON.stringify(services),
			JSON.stringify(gateway.service.settings),
			gateway.log.entries.map(({ text }) => text).join("\n"),
			inspect(gateway.service, { depth: 12, showHidden: true }).slice(0, 5_000_000)
		];

		for (const text of shown) expect(text).not.toContain(SECRET);
	});

	it.each([
		["none at all", {}],
		["a short one", { secret: "too-short-to-be-a-secret-s3cr3t" }],
		["a short one among two", { secrets: [SECRET, "s3cr3t"] }],
		["an empty list", { secrets: [] }],
		["one and a list", { secret: `${SECRET}-s3cr3t`, secrets: [`${OTHER}-s3cr3t`] }],
		["a number", { secret: 7 }],
		["an unknown member", { secret: `${SECRET}-s3cr3t`, exp: 1 }],
		["too short a life", { secret: `${SECRET}-s3cr3t`, expiresIn: 999 }],
		["too long a life", { secret: `${SECRET}-s3cr3t`, expiresIn: 3_600_001 }],
		["a text", "s3cr3t"]
	])("stops the start if it is wrong, and is not in the error: %s", async (_, ticket) => {
		stubEnv("MOLECULER_SSE_TICKET_SECRET", "");
		const node = new TestNode();
		let error: Error | undefined;
		try {
			new TestGateway(node, { sse: { ticket: ticket as never } });
		} catch (thrown) {
			error = thrown as Error;
		}

		expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { option: "ticket" } });
		expect(JSON.stringify([error?.message, error])).not.toContain("s3cr3t");
	});

	it.each([
		["short", "s3cr3t", ""],
		["short, of the two", SECRET, "s3cr3t"]
	])(
		"in the environment stops the start if it is too %s, and is not in the error",
		(_, secret, previous) => {
			stubEnv("MOLECULER_SSE_TICKET_SECRET", secret);
			stubEnv("MOLECULER_SSE_TICKET_SECRET_PREVIOUS", previous);
			const node = new TestNode();
			let error: Error | undefined;
			try {
				new TestGateway(node, { sse: { ticket: {} } });
			} catch (thrown) {
				error = thrown as Error;
			}

			expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { option: "ticket" } });
			expect(JSON.stringify([error?.message, error])).not.toContain("s3cr3t");
		}
	);

	it("is refused in settings, and not shown", () => {
		let error: Error | undefined;
		try {
			new TestGateway(new TestNode(), { settings: { sse: { ticket: { secret: SECRET } } } });
		} catch (thrown) {
			error = thrown as Error;
		}
		expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { option: "ticket" } });
		expect(error?.message).not.toContain(SECRET);
	});
});

describe("a signature", () => {
	it("is what RFC 7515 says, so that other programs can issue tickets too", async () => {
		const clocks = stubClocks();
		const gateway = await start();
		clocks.pass(LONG);
		const head = b64({ alg: "HS256", typ: "sse-ticket+jwt" });
		const body = b64({
			...good,
			aud: "moleculer-sse",
			iat: now(),
			exp: now() + 20,
			jti: "a".repeat(22)
		});
		const mac = createHmac("sha256", SECRET).update(`${head}.${body}`).digest("base64url");

		await openStream(at(gateway, `${head}.${body}.${mac}`));
	});
});
