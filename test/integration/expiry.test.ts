import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { SessionResolver } from "../../mixins/sse/index.ts";
import { refusal, send } from "../support/clients/request.ts";
import { FLOOD, openStream, requestStream } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway } from "../support/gateway/gateway.ts";
import { runningTime } from "../support/running-time.ts";

const start = (session: () => unknown, sse = {}) =>
	startGateway({ sse: { heartbeat: 200, ...sse, session: session as SessionResolver } });

const LAST = /\n\nevent: sse\.close\ndata: \{"reason":"expired"\}\n\n$/;

describe("a session that ends", () => {
	it.each([
		["milliseconds", () => Date.now() + 1000],
		["a Date", () => new Date(Date.now() + 1000)]
	])("ends its streams then, and says why: given in %s", async (_, expiresAt) => {
		const gateway = await start(() => ({ ids: "alice", expiresAt: expiresAt() }));
		const began = performance.now();
		const stream = await openStream(gateway.url("news"));

		expect(await stream.end).toBe("ended");
		// not before, and within a second
		expect(performance.now() - began).toBeGreaterThan(900);
		expect(stream.text).toMatch(LAST);
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	// The clock that measures a stream's life stands still while the machine is suspended.
	it.each([
		["the session's end", 0],
		["its own life, which ends first", 1_800_000]
	])("ends its streams by the wall clock too: they wait for %s", async (_, timeout) => {
		const clocks = stubClocks();
		const session = () => ({ ids: "alice", expiresAt: Date.now() + 3_600_000 });
		const gateway = await start(session, { timeout });
		const stream = await openStream(gateway.url("news"));
		clocks.setWall(3_600_000);

		expect(await stream.end).toBe("ended");
		expect(stream.text).toMatch(LAST);
	});

	it("ends no stream of a session that lives longer", async () => {
		const sessions = [{ ids: "a", expiresAt: Date.now() + 60_000 }, { ids: ["b", "b"] }, "c"];
		const gateway = await start(() => sessions.pop());
		const streams = await Promise.all([1, 2, 3].map(() => openStream(gateway.url("news"))));
		for (const stream of streams) await stream.next("sse.heartbeat", 2);

		expect(gateway.held.streams).toBe(3);
	});

	it("ends streams for `timeout` if that comes first", async () => {
		const gateway = await start(() => ({ ids: "a", expiresAt: Date.now() + 60_000 }), {
			timeout: 100
		});
		const stream = await openStream(gateway.url("news"));
		await stream.end;

		expect(stream.text).toContain('{"reason":"timeout"}');
	});

	it("drops what its stream had not taken by then", async () => {
		const clocks = stubClocks();
		const gateway = await start(() => ({ ids: "alice", expiresAt: Date.now() + 3_600_000 }), {
			buffer: { maxBytes: 2 ** 26 }
		});
		const stream = await openStream(gateway.url("news"));
		stream.stall();
		await gateway.send({ eventName: "news", sessionId: "alice", payload: FLOOD });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "unsent" });
		await turn();
		clocks.setWall(3_600_000);
		const isOver = () => eventually(() => expect(gateway.held).toEqual(NOTHING));
		// sooner than a stream that ends gracefully, because its client does not take its last bytes
		expect(await runningTime(isOver)).toBeLessThan(1500);
		// it would take everything now
		stream.resume();

		expect(await stream.end).toBe("broken");
		expect(stream.text).not.toContain("unsent");
	});

	it("is resolved again when its stream comes back, and may be none by then", async () => {
		const clocks = stubClocks();
		let logins = 1;
		const gateway = await start(() =>
			logins-- > 0 ? { ids: "alice", expiresAt: Date.now() + 3_600_000 } : null
		);
		const stream = await openStream(gateway.url("news"));
		const place = stream.events.findLast(({ id }) => id)?.id;
		clocks.setWall(3_600_000);
		await stream.end;
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "after its end" });
		const { status, error } = await refusal(gateway.url("news"), {
			headers: { "last-event-id": place }
		});

		expect([status, error.type]).toEqual([401, "SSE_UNAUTHORIZED"]);
	});

	it.each([
		["ended", () => ({ ids: "alice", expiresAt: Date.now() - 1 })],
		["ended long ago", () => ({ ids: "alice", expiresAt: new Date(0) })],
		["no ids", () => ({ ids: null, expiresAt: Date.now() + 1000 })],
		["an empty list of ids", () => ({ ids: [], expiresAt: Date.now() + 1000 })]
	])("is missing: 401 for a session that has %s", async (_, session) => {
		const gateway = await start(session);

		expect((await refusal(gateway.url("news"))).status).toBe(401);
	});

	it("ends while `authorize` is asked: 401", async () => {
		const gateway = await start(() => ({ ids: "alice", expiresAt: Date.now() + 50 }), {
			authorize: () => new Promise<boolean>(resolve => setTimeout(resolve, 100, true))
		});

		expect((await refusal(gateway.url("news"))).status).toBe(401);
	});

	it.each([
		["a text", "tomorrow"],
		["null", null],
		["an invalid date", new Date(Number.NaN)],
		["no number", Number.NaN],
		["an object", {}]
	])("whose end cannot be read is a failure of the resolver: 500 for %s", async (_, expiresAt) => {
		const gateway = await start(() => ({ ids: "alice", expiresAt }), { refusals: "http" });

		expect((await refusal(gateway.url("news"))).status).toBe(500);
		expect(gateway.log.at("error").join()).toContain('"expiresAt"');
	});

	it("is known to API actions by its first id, like any other", async () => {
		const gateway = await startGateway({
			sse: { session: () => ({ ids: ["alice", "tenant:7"], expiresAt: Date.now() + 60_000 }) },
			services: [{ name: "echo", actions: { who: ctx => ctx.meta.sessionId } }],
			settings: {
				routes: [
					{
						path: "/api",
						aliases: { "GET /who": "echo.who" },
						async onBeforeCall(this: never, ctx: never, _route: unknown, req: never, res: never) {
							const { sseSession } = this as { sseSession(...args: unknown[]): Promise<unknown> };
							expect(await sseSession.call(this, ctx, req, res)).toEqual(["alice", "tenant:7"]);
						}
					}
				]
			}
		});

		expect((await send(`${gateway.origin}/api/who`)).text).toBe('"alice"');
	});

	it("that has ended does not exist for API actions either", async () => {
		const gateway = await start(() => ({ ids: "alice", expiresAt: Date.now() - 1 }));
		const { sseSession } = gateway.service;
		const ctx = { meta: { sessionId: "alice" } };
		const [req, res] = [{ headers: {} }, {}] as never[];

		expect(
			await sseSession.call(gateway.service, ctx as never, req as never, res as never)
		).toBeNull();
		expect(ctx.meta).toEqual({});
	});

	it("says nothing before its stream began: the stream is refused, or open", async () => {
		const gateway = await start(() => ({ ids: "alice", expiresAt: Date.now() + 1 }));
		const stream = await requestStream(gateway.url("news"));
		await stream.end;

		expect([200, 401]).toContain(stream.status);
	});
});
