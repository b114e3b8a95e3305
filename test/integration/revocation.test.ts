import type { IncomingMessage } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { Context } from "moleculer";
import { SseError, type SseGatewayRequest } from "../../mixins/sse/index.ts";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { refusal } from "../support/clients/request.ts";
import { FLOOD, openStream, requestStream } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { NOTHING, startGateway, type TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { runningTime } from "../support/running-time.ts";
import { TLS } from "../support/tls.ts";

const close = (gateway: Pick<TestGateway, "broker">, params: unknown) =>
	gateway.broker.broadcast("sse.close", params, { throwError: true });
const lastOf = (text: string) => text.trimEnd().split("\n\n").at(-1);
const closing = (reason: string) => `event: sse.close\ndata: {"reason":"${reason}"}`;

describe("sse.close", () => {
	it.each([
		["a session", { sessionId: "alice" }, [0, 1]],
		["several", { sessionId: ["alice", "bob"] }, [0, 1, 2]],
		["one event name of a session", { sessionId: "alice", eventName: "orders" }, [1]],
		["one event name of everyone", { sessionId: "*", eventName: "news" }, [0, 2, 3]],
		["everyone", { sessionId: "*" }, [0, 1, 2, 3]],
		["one that has no stream", { sessionId: "dave" }, []]
	])("closes the streams of %s, and no others", async (_, params, closed) => {
		const gateway = await startGateway();
		const streams = [
			await openStream(gateway.url("news"), { session: "alice" }),
			await openStream(gateway.url("orders"), { session: "alice" }),
			await openStream(gateway.url("news", "orders-2"), { session: "bob" }),
			await openStream(gateway.url("news"), { session: "carol" })
		];
		await close(gateway, params);
		for (const index of closed) {
			const stream = streams[index];
			expect(await stream?.end).toBe("ended");
			expect(lastOf(stream?.text ?? "")).toBe(closing("revoked"));
		}

		await eventually(() => expect(gateway.held.unclosed).toBe(4 - closed.length));
		expect(gateway.held.streams).toBe(4 - closed.length);
	});

	it("sends the given reason", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await close(gateway, { sessionId: "alice", reason: "logged out" });
		await stream.end;

		expect(lastOf(stream.text)).toBe(closing("logged out"));
	});

	it("closes streams on every gateway within a second, from any service", async () => {
		const namespace = crypto.randomUUID();
		const gateways = await Promise.all(
			["g1", "g2"].map(id => startGateway({ broker: memberOf(namespace, id) }))
		);
		const node = new TestNode({
			broker: memberOf(namespace, "accounts"),
			services: [
				{
					name: "accounts",
					actions: {
						logout: (ctx: Context) => ctx.broadcast("sse.close", { sessionId: "alice" })
					}
				}
			]
		});
		await node.broker.start();
		await meet(node.broker, ...gateways.map(({ broker }) => broker));
		const streams = await Promise.all(
			gateways.map(gateway => openStream(gateway.url("news"), { session: "alice" }))
		);
		const took = await runningTime(async () => {
			await node.broker.call("accounts.logout");
			for (const stream of streams) expect(await stream.end).toBe("ended");
		});

		expect(took).toBeLessThan(1000);
	});

	it.each([
		["HTTP/1.1", {}],
		["HTTPS", { https: TLS }],
		["HTTP/2", { http2: true }]
	])("tells the client gracefully over %s", async (name, settings) => {
		const gateway = await startGateway({ settings });
		const stream = name.endsWith("2")
			? await openHttp2Stream(connectHttp2(gateway.origin), gateway.url("news"), { session: "a" })
			: await openStream(gateway.url("news"), { session: "a" });
		await close(gateway, { sessionId: "a" });

		expect(await stream.end).toBe("ended");
		expect(lastOf(stream.text)).toBe(closing("revoked"));
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	// the way in which the guide logs out one device
	it("closes the streams of one login of a user, and not those of the others", async () => {
		const logins = new Set(["phone", "laptop"]);
		const session = (_ctx: unknown, { headers }: SseGatewayRequest) => {
			const login = String(headers["x-login"]);
			return logins.has(login) ? ["user:7", `login:${login}`] : null;
		};
		const gateway = await startGateway({ sse: { session } });
		const ofPhone = { headers: { "x-login": "phone" } };
		const phone = await openStream(gateway.url("news"), ofPhone);
		const laptop = await openStream(gateway.url("news"), { headers: { "x-login": "laptop" } });
		logins.delete("phone");
		await close(gateway, { sessionId: "login:phone", reason: "logged out" });
		await phone.end;
		await gateway.send({ eventName: "news", sessionId: "user:7", payload: 1 });
		await laptop.next("news");

		expect(lastOf(phone.text)).toBe(closing("logged out"));
		expect((await refusal(gateway.url("news"), ofPhone)).status).toBe(401);
		expect(gateway.held.streams).toBe(1);
	});

	it("accepts what is typed into the REPL", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "42" });
		await gateway.broker.broadcast("sse.close", { sessionId: 42 }, { meta: { $repl: true } });

		expect(await stream.end).toBe("ended");
	});
});

describe("what a revoked stream never gets", () => {
	it("what is sent afterwards", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		close(gateway, { sessionId: "alice" });
		gateway.send({ eventName: "news", sessionId: "alice", payload: "too late" });
		await stream.end;

		expect(stream.text).not.toContain("too late");
	});

	it("what was sent just before, and is to be written at the end of that turn", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		gateway.send({ eventName: "news", sessionId: "alice", payload: "not written yet" });
		close(gateway, { sessionId: "alice" });

		expect(await stream.end).toBe("ended");
		expect(stream.text).not.toContain("not written yet");
		expect(lastOf(stream.text)).toBe(closing("revoked"));
	});

	it("what was sent before, and not taken yet: it is cut off", async () => {
		const gateway = await startGateway({ sse: { buffer: { maxBytes: 2 ** 26 } } });
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		stream.stall();
		await gateway.send({ eventName: "news", sessionId: "alice", payload: FLOOD });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "unsent" });
		await new Promise(setImmediate);
		await close(gateway, { sessionId: "alice" });
		// it would take everything now
		stream.resume();

		expect(await stream.end).toBe("broken");
		expect(stream.text).not.toContain("unsent");
	});

	it("what an ended stream had not taken yet", async () => {
		const clocks = stubClocks();
		const gateway = await startGateway({
			sse: { buffer: { maxBytes: 2 ** 26 }, timeout: 4000, heartbeat: 0 }
		});
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		stream.stall();
		await gateway.send({ eventName: "news", sessionId: "alice", payload: FLOOD });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "unsent" });
		await turn();
		clocks.pass(8000);
		await eventually(() => expect(gateway.held).toMatchObject({ streams: 0, unclosed: 1 }), {
			interval: 1
		});
		const cutOff = async () => {
			await close(gateway, { sessionId: "alice" });
			await eventually(() => expect(gateway.held).toEqual(NOTHING));
		};
		// sooner than without the revocation, because its client does not take its last bytes
		expect(await runningTime(cutOff)).toBeLessThan(1000);
		stream.resume();

		expect(await stream.end).toBe("broken");
		expect(stream.text).not.toContain("unsent");
	});

	it("a replay of what was sent afterwards, even if its session may stream again", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		const place = stream.events.findLast(({ id }) => id)?.id;
		const headers = { "last-event-id": place };
		await close(gateway, { sessionId: "alice" });
		await stream.end;
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "secret" });
		const back = await openStream(gateway.url("news"), { session: "alice", headers });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "again" });
		await back.next("news");

		expect(back.received("sse.open")).toMatchObject([{ eventNames: ["news"], resumed: false }]);
		expect(back.received("sse.reset")).toEqual([{ reason: "revoked" }]);
		expect(back.received("news")).toEqual(["again"]);
		// from there it continues like any other
		const next = back.events.findLast(({ id }) => id)?.id;
		back.close();
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "missed" });
		const last = await openStream(gateway.url("news"), {
			session: "alice",
			headers: { "last-event-id": next }
		});
		expect((await last.next("news")).data).toBe('"missed"');
		expect(last.received("sse.open")).toMatchObject([{ eventNames: ["news"], resumed: true }]);
	});

	it("a replay on another gateway of what was sent afterwards", async () => {
		const namespace = crypto.randomUUID();
		const [one, two] = (await Promise.all(
			["g1", "g2"].map(id => startGateway({ broker: memberOf(namespace, id) }))
		)) as [TestGateway, TestGateway];
		await meet(one.broker, two.broker);
		const stream = await openStream(one.url("news"), { session: "alice" });
		await one.send({ eventName: "news", sessionId: "alice", payload: "before" });
		const place = (await stream.next("news")).id;
		await close(one, { sessionId: "alice" });
		await stream.end;
		await one.send({ eventName: "news", sessionId: "alice", payload: "secret" });
		const back = await openStream(two.url("news"), {
			session: "alice",
			headers: { "last-event-id": place }
		});
		await back.next("sse.reset");
		await two.send({ eventName: "news", sessionId: "alice", payload: "again" });
		await back.next("news");

		expect(back.received("sse.reset")).toEqual([{ reason: "revoked" }]);
		expect(back.received("news")).toEqual(["again"]);
	});

	it("a replay, if by then it has no session, or may not stream", async () => {
		let isAllowed = true;
		let isKnown = true;
		const gateway = await startGateway({
			sse: { session: () => (isKnown ? "alice" : null), authorize: () => isAllowed }
		});
		const stream = await openStream(gateway.url("news"));
		const place = stream.events.findLast(({ id }) => id)?.id;
		await close(gateway, { sessionId: "alice" });
		await stream.end;
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "secret" });
		const headers = { "last-event-id": place };

		isAllowed = false;
		expect((await refusal(gateway.url("news"), { headers })).status).toBe(403);
		isKnown = false;
		expect((await refusal(gateway.url("news"), { headers })).status).toBe(401);
		// allowed again, it continues from there
		isAllowed = isKnown = true;
		const back = await openStream(gateway.url("news"), { headers });
		expect((await back.next("sse.reset")).data).toBe('{"reason":"revoked"}');
		expect(back.text).not.toContain("secret");
	});

	it("a replay for ids that its session no longer has", async () => {
		let ids = ["alice", "tenant:7"];
		const gateway = await startGateway({ sse: { session: () => ids } });
		const stream = await openStream(gateway.url("news"));
		const place = stream.events.findLast(({ id }) => id)?.id;
		ids = ["alice"];
		await close(gateway, { sessionId: "tenant:7" });
		await stream.end;
		await gateway.send({ eventName: "news", sessionId: "tenant:7", payload: "of the tenant" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "own" });
		const back = await openStream(gateway.url("news"), { headers: { "last-event-id": place } });
		await back.next("news");

		expect(back.received("news")).toEqual(["own"]);
	});
});

describe("a gateway on which a stream is always being opened", () => {
	it("opens streams after any number of revocations", async () => {
		const gate = createGate<boolean>();
		let asked = 0;
		const gateway = await startGateway({
			sse: { authorize: () => (asked++ === 0 ? gate.wait() : true) }
		});
		const slow = requestStream(gateway.url("news"), { session: "slow" });
		await gate.reached;
		for (let n = 0; n < 1500; n++) await close(gateway, { sessionId: `s-${n}` });

		await openStream(gateway.url("news"), { session: "alice" });
		gate.open(true);
		// from before what is remembered: it is judged again
		expect(await (await slow).end).toBe("ended");
	});
});

describe("a stream that is revoked while it is being opened", () => {
	it.each(["authentication", "session", "authorize"])(
		"does not open on an earlier answer: during %s",
		async during => {
			const gate = createGate();
			const wait = (name: string) => (name === during ? gate.wait() : undefined);
			const gateway = await startGateway({
				sse: {
					path: null,
					session: async ctx => {
						const { user } = ctx.meta;
						await wait("session");
						return user;
					},
					authorize: async () => {
						await wait("authorize");
						return true;
					}
				},
				settings: {
					routes: [{ path: "/live", authentication: true, aliases: { "GET /": { type: "sse" } } }]
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
			const opening = requestStream(gateway.at("/live", "news"));
			await gate.reached;
			await close(gateway, { sessionId: "bob" });
			await close(gateway, { sessionId: "alice", reason: "logged out" });
			gate.open();
			const stream = await opening;

			// judged again when it comes back
			expect(await stream.end).toBe("ended");
			expect(stream.status).toBe(200);
			expect(stream.text).toMatch(/^retry: \d+\nevent: sse\.close\n/);
			expect(stream.text).toContain(closing("logged out"));
			expect(gateway.held).toEqual(NOTHING);
		}
	);

	// Authentication in a route's `use` (passport, express-session) identifies the client long before the alias runs: a
	// revocation in between was missed, and the stream opened.
	it.each(["the service", "the route"])(
		"does not open on what a middleware of %s has found out before",
		async whose => {
			const gate = createGate();
			const use = [
				(req: IncomingMessage, _res: unknown, next: () => void) => {
					Reflect.set(req, "user", "alice");
					next();
				},
				(_req: unknown, _res: unknown, next: () => void) => void gate.wait().then(() => next())
			];
			const route = { path: "/live", aliases: { "GET /": { type: "sse" } } };
			const gateway = await startGateway({
				sse: { path: null, session: (_ctx, req) => Reflect.get(req, "user") },
				settings:
					whose === "the service" ? { use, routes: [route] } : { routes: [{ ...route, use }] }
			});
			const opening = requestStream(gateway.at("/live", "news"));
			await gate.reached;
			await close(gateway, { sessionId: "alice", reason: "banned" });
			gate.open();
			const stream = await opening;

			expect(await stream.end).toBe("ended");
			expect(stream.text).toContain(closing("banned"));
			expect(gateway.held).toEqual(NOTHING);
		}
	);

	it("opens if others were revoked, and after it was", async () => {
		const gate = createGate<boolean>();
		const gateway = await startGateway({ sse: { authorize: () => gate.wait() } });
		await close(gateway, { sessionId: "alice" });
		const opening = openStream(gateway.url("news"), { session: "alice" });
		await gate.reached;
		await close(gateway, { sessionId: "bob" });
		await close(gateway, { sessionId: "alice", eventName: "orders" });
		gate.open(true);

		await opening;
		expect(gateway.held.streams).toBe(1);
	});
});

const BAD: [what: string, params: unknown, field: string][] = [
	["half a character", { sessionId: ["a", "\ud83d"] }, "sessionId[1]"],
	["nothing", undefined, "event"],
	["null", null, "event"],
	["a text", "alice", "event"],
	["a list", ["alice"], "event"],
	["no sessionId", {}, "sessionId"],
	["a sessionId that is null", { sessionId: null }, "sessionId"],
	["an empty sessionId", { sessionId: "" }, "sessionId"],
	["a fraction", { sessionId: 7.5 }, "sessionId"],
	["-0", { sessionId: -0 }, "sessionId"],
	["a number that has lost digits", { sessionId: [2 ** 53] }, "sessionId[0]"],
	["everyone among ids", { sessionId: ["a", "*"] }, "sessionId[1]"],
	["an empty eventName", { sessionId: "a", eventName: "" }, "eventName"],
	["an eventName that is null", { sessionId: "a", eventName: null }, "eventName"],
	["a reserved eventName", { sessionId: "a", eventName: "sse.open" }, "eventName"],
	["an empty reason", { sessionId: "a", reason: "" }, "reason"],
	["a reason that is a number", { sessionId: "a", reason: 7 }, "reason"],
	["a reason of two lines", { sessionId: "a", reason: "a\ndata: 1" }, "reason"],
	["a long reason", { sessionId: "a", reason: "x".repeat(65) }, "reason"],
	["a reason beyond ASCII", { sessionId: "a", reason: "geschlossen\u2028" }, "reason"],
	["an unknown field", { sessionId: "a", session: "b" }, "session"],
	["an inherited address", Object.create({ sessionId: "a" }), "sessionId"]
];

describe("an sse.close of a number", () => {
	it.each([true, false])("closes the streams of its text: middleware %s", async middleware => {
		const gateway = await startGateway({ middleware });
		const stream = await openStream(gateway.url("news"), { session: "42" });
		await openStream(gateway.url("news"), { session: "4" });
		await close(gateway, { sessionId: [42], reason: "banned" });
		await stream.end;

		expect(stream.text).toContain(closing("banned"));
		expect(gateway.held.streams).toBe(1);
	});
});

describe("an sse.close of nobody", () => {
	it.each([true, false])("closes nothing, and is no error: middleware %s", async middleware => {
		const gateway = await startGateway({ middleware });
		const stream = await openStream(gateway.url("news"), { session: "a" });
		await close(gateway, { sessionId: [] });
		await gateway.send({ eventName: "news", sessionId: "a", payload: 1 });
		await stream.next("news");

		expect(stream.events.map(({ event }) => event)).toEqual(["sse.open", "news"]);
		expect([...gateway.log.at("warn"), ...gateway.log.at("error")]).toEqual([]);
	});
});

describe("a bad sse.close", () => {
	it.each(BAD)("is refused where it was sent: %s", async (_, params, field) => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "a" });
		const error = await close(gateway, params).then(
			() => undefined,
			(reason: unknown) => reason
		);

		expect(error).toBeInstanceOf(SseError);
		expect(error).toMatchObject({ type: "SSE_INVALID_CLOSE", code: 422, data: { field } });
		expect(stream.events.map(({ event }) => event)).toEqual(["sse.open"]);
		expect(gateway.held.streams).toBe(1);
	});

	it.each(BAD)("is dropped by a gateway that it reaches: %s", async (_, params, field) => {
		const gateway = await startGateway({ middleware: false });
		await openStream(gateway.url("news"), { session: "a" });
		await close(gateway, params);

		expect(gateway.log.at("warn").join()).toMatch(/dropped sse\.close from node 'node-1'/);
		expect(gateway.log.at("warn").join()).toContain(`field: '${field}'`);
		expect(gateway.held.streams).toBe(1);
	});

	it("is also one that is emitted: only one gateway would close streams", async () => {
		const gateway = await startGateway();

		await expect(gateway.broker.emit("sse.close", { sessionId: "a" })).rejects.toMatchObject({
			type: "SSE_NOT_BROADCAST"
		});
	});
});
