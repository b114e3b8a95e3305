import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { busState, type InspectorOptions } from "../../mixins/sse/index.ts";
import type { Inspector } from "../../mixins/sse/inspection/inspector/inspector.ts";
import type { SearchAnswer } from "../../mixins/sse/inspection/inspector/search.ts";
import type { Look } from "../../mixins/sse/inspection/inspector/watch.ts";
import { connectHttp2, requestHttp2 } from "../support/clients/http2-client.ts";
import { type RequestOptions, refusal, send } from "../support/clients/request.ts";
import { openStream, requestStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import {
	type GatewaySetup,
	type NodeSetup,
	startGateway,
	TestGateway,
	TestNode
} from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { snippetOf } from "../support/markdown.ts";
import { stubEnv } from "../support/stub-env.ts";

const GUIDE = readFileSync("docs/production/inspector.md", "utf8");
const PATH = "/sse/inspector";
/** What its page sends for its stream. */
const PAGE = { headers: { "x-sse-inspector": "1" } };
/** Everything that the inspector serves. */
const PARTS = ["", "/main.js", "/style.css", "/stream", "/search"];

const allow: InspectorOptions["authorize"] = () => true;

function inspected(
	setup: GatewaySetup & NodeSetup = {},
	authorize: InspectorOptions["authorize"] = allow
): Promise<TestGateway> {
	return startGateway({ ...setup, sse: { ...setup.sse, inspector: { path: PATH, authorize } } });
}

function heldBy({ service }: TestGateway): Inspector["held"] {
	return (Reflect.get(service, Symbol.for("moleculer-sse.inspector")) as Inspector).held;
}

/** Opens the stream of the page; resolves when it has shown something. */
async function watch({ origin }: TestGateway): Promise<StreamClient> {
	const stream = await requestStream(`${origin}${PATH}/stream`, PAGE);
	expect(stream.status).toBe(200);
	await stream.next("look");
	return stream;
}

function looksOf(stream: StreamClient): Look[] {
	return stream.received("look") as Look[];
}

async function search(
	{ origin }: TestGateway,
	params: { session?: string; event?: string }
): Promise<SearchAnswer> {
	const headers = Object.fromEntries(
		Object.entries(params).map(([name, value]) => [`x-sse-${name}`, encodeURIComponent(value)])
	);
	const { status, text } = await send(`${origin}${PATH}/search`, { headers });
	expect(status).toBe(200);
	return JSON.parse(text) as SearchAnswer;
}

const forbidden = { type: "SSE_FORBIDDEN", code: 403 };

describe("who may use the inspector", () => {
	it("is nobody unless it is asked for", async () => {
		const { origin } = await startGateway();
		for (const part of PARTS) expect((await send(`${origin}${PATH}${part}`)).status).toBe(404);
	});

	it("is asked for the page, each of its files, its stream and its search", async () => {
		const asked: string[] = [];
		let allowed: unknown = true;
		const { origin } = await inspected({}, (ctx, req) => {
			expect(ctx.broker).toBeDefined();
			asked.push(req.originalUrl ?? "");
			return allowed as boolean;
		});
		for (const part of PARTS.slice(0, 3)) {
			expect((await send(`${origin}${PATH}${part}`)).status).toBe(200);
		}
		for (allowed of [false, undefined, 1, "yes"]) {
			asked.length = 0;
			for (const part of PARTS) {
				expect((await refusal(`${origin}${PATH}${part}`, PAGE)).error).toMatchObject(forbidden);
			}
			expect(asked).toEqual(PARTS.map(part => `${PATH}${part}`));
		}
	});

	it("is told no more than that, if the answer fails", async () => {
		const { origin, log } = await inspected({}, () => {
			throw new TypeError("no such column: role");
		});
		const { status, error } = await refusal(`${origin}${PATH}`);
		expect(status).toBe(500);
		expect(error).toMatchObject({ type: "SSE_INTERNAL" });
		expect(JSON.stringify(error)).not.toContain("column");
		expect(log.at("error").join()).toContain("inspector.authorize");
	});

	it("may be asked to log in", async () => {
		const { origin } = await inspected({}, (_ctx, _req, res) => {
			res.setHeader("WWW-Authenticate", "Basic");
			throw Object.assign(new Error("who?"), { code: 401 });
		});
		const { status, headers, error } = await refusal(`${origin}${PATH}/stream`, PAGE);
		expect([status, headers["www-authenticate"], error.type]).toEqual([
			401,
			"Basic",
			"SSE_UNAUTHORIZED"
		]);
	});

	// The refusal that followed was too late, and was logged as a warning.
	it("may be sent elsewhere to log in", async () => {
		const { origin, log } = await inspected({}, (_ctx, _req, res) => {
			res.statusCode = 302;
			res.setHeader("Location", "/login");
			res.end();
			return false;
		});
		for (const part of PARTS) {
			const { status, headers } = await send(`${origin}${PATH}${part}`, PAGE);
			expect([status, headers.location]).toEqual([302, "/login"]);
		}
		expect(log.at("warn")).toEqual([]);
	});

	it("are those whom the guide's examples let in", async () => {
		stubEnv("INSPECTOR_PASSWORD", "open: sesame");
		const authorizeOf = (name: string) =>
			new Function("require", `${snippetOf(GUIDE, name)}; return authorize`)(
				createRequire(import.meta.url)
			) as InspectorOptions["authorize"];
		const users = {
			name: "users",
			actions: {
				ofCookie: ({ params }: { params: { cookie: string } }) =>
					({ "k=1": { role: "operator" }, "k=2": { role: "user" } })[params.cookie] ?? null
			}
		};
		const byUser = await inspected({ services: [users] }, authorizeOf("operator"));
		const byPassword = await inspected({}, authorizeOf("password"));
		const statusOf = async ({ origin }: TestGateway, headers: Record<string, string>) =>
			(await send(`${origin}${PATH}`, { headers })).status;
		const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });
		expect(await statusOf(byUser, { cookie: "k=1" })).toBe(200);
		expect(await statusOf(byUser, { cookie: "k=2" })).toBe(403);
		expect(await statusOf(byUser, {})).toBe(403);
		expect(await statusOf(byPassword, basic("me:open: sesame"))).toBe(200);
		for (const headers of [{}, basic("me:"), basic("open: sesame"), { authorization: "Basic" }]) {
			expect(await statusOf(byPassword, headers)).toBe(401);
		}
		const { headers } = await send(`${byPassword.origin}${PATH}`);
		expect(headers["www-authenticate"]).toContain("Basic");
		stubEnv("INSPECTOR_PASSWORD", "");
		expect(await statusOf(byPassword, basic("me:"))).toBe(401);
	});

	it("is no page of another site", async () => {
		const { origin } = await inspected();
		const get = (part: string, headers: RequestOptions["headers"] = {}) =>
			send(`${origin}${PATH}${part}`, {
				headers: { ...PAGE.headers, ...headers },
				method: part === "/stream" ? "HEAD" : "GET"
			});
		const own = new URL(origin).host;
		for (const part of PARTS.slice(1)) {
			for (const site of ["cross-site", "same-site"]) {
				expect((await get(part, { "sec-fetch-site": site })).status).toBe(403);
			}
		}
		for (const part of ["/stream", "/search"]) {
			expect((await get(part, { origin: "https://elsewhere.example" })).status).toBe(403);
			expect((await get(part, { origin: "null" })).status).toBe(403);
		}
		expect((await get("/stream", { origin: `http://${own}` })).status).toBe(200);
		expect((await get("/stream", { "sec-fetch-site": "same-origin" })).status).toBe(200);
		const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
		expect((await get("", link)).status).toBe(200);
		expect((await get("/search", link)).status).toBe(403);
		expect((await get("", { "sec-fetch-site": "cross-site" })).status).toBe(403);
	});
});

// Over plain HTTP a browser does not say where the request of an image comes from: it took one of the ten places, for a minute.
it("holds no place for what another site's page may request without asking", async () => {
	const gateway = await inspected();
	const elsewhere = [
		{},
		{ accept: "text/event-stream" },
		{ accept: "image/*", referer: "http://elsewhere.example/" },
		{ "sec-fetch-site": "none" }
	];
	for (const headers of elsewhere) {
		const { status, error } = await refusal(`${gateway.origin}${PATH}/stream`, { headers });
		expect([status, error.type]).toEqual([403, "SSE_FORBIDDEN"]);
	}
	expect(heldBy(gateway)).toEqual({ watchers: 0, isWatching: false });
});

it("is not used from other origins, whatever the gateway's own CORS settings allow", async () => {
	const cors = { origin: "*", credentials: true, allowedHeaders: ["X-SSE-Session"] };
	const { origin } = await inspected({ settings: { cors } });
	const elsewhere = "https://elsewhere.example";
	for (const part of ["/stream", "/search"]) {
		const headers = { origin: elsewhere, "access-control-request-method": "GET" };
		const preflight = await send(`${origin}${PATH}${part}`, { method: "OPTIONS", headers });
		expect(preflight.text).toBe("");
		for (const named of [{ origin: elsewhere }, { "sec-fetch-site": "cross-site" }]) {
			const answer = await send(`${origin}${PATH}${part}`, {
				headers: { ...PAGE.headers, ...named, "x-sse-session": "A" }
			});
			expect(answer.status).toBe(403);
		}
	}
});

describe("the page", () => {
	it("loads nothing from elsewhere, and has nothing inline", async () => {
		const { origin } = await inspected();
		const { headers, text } = await send(`${origin}${PATH}`);
		expect(headers["content-type"]).toBe("text/html; charset=utf-8");
		expect(text).not.toMatch(/<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=|https?:|\{\{/);
		for (const [, file] of text.matchAll(/(?:src|href)="(inspector\/[^"]+)"/g)) {
			expect((await send(`${origin}/sse/${file}`)).status).toBe(200);
		}
	});

	it("and whatever else is answered says that nothing is inline, framed, guessed or kept", async () => {
		const { origin } = await inspected({}, (_ctx, req) => !req.originalUrl?.includes("refuse"));
		for (const part of [...PARTS, "/other", "/main.js?refuse"]) {
			const { headers } = await send(`${origin}${PATH}${part}`, { method: "HEAD" });
			const policy = headers["content-security-policy"];
			expect(policy).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
			expect(policy).not.toContain("unsafe");
			expect(headers["x-content-type-options"]).toBe("nosniff");
			expect(headers["cache-control"]).toContain("no-store");
		}
	});

	it("says so also where moleculer-web refuses a request before it", async () => {
		const rateLimit = { limit: 1, window: 60_000 };
		const { origin } = await inspected({ settings: { rateLimit } });
		for (const status of [200, 429]) {
			const answer = await send(`${origin}${PATH}`);
			expect(answer.status).toBe(status);
			expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
			expect(answer.headers["cache-control"]).toContain("no-store");
		}
	});

	it("is read with GET, at one URL, and has no other files", async () => {
		const { origin } = await inspected();
		for (const method of ["POST", "PUT", "DELETE"]) {
			const { headers, error } = await refusal(`${origin}${PATH}/search`, { method });
			expect(error.type).toBe("SSE_METHOD_NOT_ALLOWED");
			expect(headers.allow).toBe("GET, HEAD");
		}
		for (const slashes of ["/", "//"]) {
			const { status, headers } = await send(`${origin}${PATH}${slashes}`);
			const { pathname } = new URL(headers.location ?? "", `${origin}${PATH}${slashes}`);
			expect([status, pathname]).toEqual([308, PATH]);
		}
		for (const name of ["/other", "/..%2Fpackage.json", "/__proto__", "/index.html%00"]) {
			expect((await send(`${origin}${PATH}${name}`)).status).toBe(404);
		}
	});

	it("is not taken by an application's catch-all, and takes no other path", async () => {
		const mine = (_req: unknown, res: { end(text: string): void }) => res.end("mine");
		const routes = [{ path: "/", aliases: { "GET /*rest": mine } }];
		const { origin } = await inspected({ settings: { routes } });
		expect((await send(`${origin}${PATH}`)).text).toContain("<title>Inspector");
		expect((await send(`${origin}${PATH}/main.js`)).headers["content-type"]).toContain(
			"javascript"
		);
		expect((await send(`${origin}/other`)).text).toBe("mine");
	});

	it("is refused a path that is taken", () => {
		const routes = [{ path: PATH }];
		const create = () =>
			new TestGateway(new TestNode(), {
				sse: { inspector: { path: PATH, authorize: allow } },
				settings: { routes }
			});
		expect(create).toThrow('option "inspector" is "/sse/inspector", which is already a route');
	});

	// It was checked at the start only: the inspector's path led to that route from then on, or that route to nobody.
	it.each([
		["its path", { path: `${PATH}/` }],
		["the path of its alias", { path: "/sse", aliases: { "GET inspector": "greeter.hello" } }]
	])("does not give way to a route that is added at run time, by %s", async (_, route) => {
		const { broker, origin } = await inspected();
		await expect(broker.call("api.addRoute", { route })).rejects.toMatchObject({
			type: "SSE_INVALID_OPTION",
			message: expect.stringContaining('of the option "inspector", whose path is "/sse/inspector"'),
			data: { option: "inspector" }
		});
		expect((await send(`${origin}${PATH}`)).text).toContain("<title>Inspector");
		await broker.call("api.addRoute", { route: { path: "/sse/other" } });
		expect((await send(`${origin}${PATH}`)).text).toContain("<title>Inspector");
	});
});

describe("the stream of the page", () => {
	it("shows all gateways, their figures, and the events without payloads and sessions", async () => {
		const namespace = crypto.randomUUID();
		const node = (nodeID: string) => new TestNode({ broker: memberOf(namespace, nodeID) });
		const first = new TestGateway(node("gw-1"), {
			sse: { inspector: { path: PATH, authorize: allow } }
		});
		const second = new TestGateway(node("gw-2"));
		await Promise.all([first.broker.start(), second.broker.start()]);
		await meet(first.broker, second.broker);
		await openStream(second.url("news"), { session: "its-secret" });
		await first.send({ eventName: "news", sessionId: "its-secret", payload: "the payload" });
		const stream = await watch(first);
		await first.broker.broadcast("sse.close", { sessionId: "its-secret" });
		await eventually(() => {
			const { gateways } = looksOf(stream).at(-1) as Look;
			expect(gateways.map(({ nodeID }) => nodeID)).toEqual(["gw-1", "gw-2"]);
			expect(gateways[1]).toMatchObject({ streams: 0, counts: { closed: { revoked: 1 } } });
			expect(gateways[1]?.counts.received).toBeGreaterThan(0);
			const events = looksOf(stream).flatMap(look => look.events);
			expect(events).toMatchObject([{ event: "news", size: 13, recipients: 1, gateways: 2 }]);
		});
		expect(stream.text).not.toMatch(/its-secret|the payload/);

		// who comes later sees the figures at once, and events that others have seen not twice
		const other = await watch(first);
		expect(looksOf(other)[0]).toMatchObject({ events: [], gateways: [{}, {}] });
	});

	it("costs nothing while no page is open", async () => {
		const gateway = await inspected();
		expect(heldBy(gateway)).toEqual({ watchers: 0, isWatching: false });
		const streams = [await watch(gateway), await watch(gateway)];
		expect(heldBy(gateway)).toEqual({ watchers: 2, isWatching: true });
		for (const stream of streams) stream.close();
		await eventually(() => expect(heldBy(gateway)).toEqual({ watchers: 0, isWatching: false }));
	});

	it("is not opened for more than ten pages", async () => {
		const gateway = await inspected();
		const streams = await Promise.all(Array.from({ length: 10 }, () => watch(gateway)));
		const more = await requestStream(`${gateway.origin}${PATH}/stream`, PAGE);
		expect(await more.end).toBe("ended");
		expect(more.events).toMatchObject([{ event: "full", data: "10" }]);
		streams[0]?.close();
		await eventually(() => expect(heldBy(gateway).watchers).toBe(9));
		await watch(gateway);
	});

	it("holds none of the places that the broker has for requests", async () => {
		const bulkhead = { enabled: true, concurrency: 1, maxQueueSize: 1 };
		const gateway = await inspected({ broker: { bulkhead, requestTimeout: 500 } });
		const stream = await watch(gateway);
		const other = await watch(gateway);
		await stream.next("look", 3);
		await other.next("look", 3);
		expect((await send(`${gateway.origin}${PATH}`)).status).toBe(200);
		expect(gateway.log.at("warn")).toEqual([]);
	});

	it("ends when the node stops, read or not", async () => {
		const gateway = await inspected();
		const stream = await watch(gateway);
		const stalled = await watch(gateway);
		stalled.stall();
		await gateway.broker.stop();
		expect(await stream.end).toBeDefined();
		expect(heldBy(gateway)).toEqual({ watchers: 0, isWatching: false });
	});

	// Node's response of HTTP/2 does not say that its client has left: the place was taken for a minute.
	it("takes no place for a page that leaves while it is decided who may look", async () => {
		const asked = Promise.withResolvers<void>();
		const gate = Promise.withResolvers<boolean>();
		const gateway = await inspected({ settings: { http2: true } }, () => {
			asked.resolve();
			return gate.promise;
		});
		const session = connectHttp2(gateway.origin);
		const request = session.request({ ":path": `${PATH}/stream`, ...PAGE.headers });
		request.on("error", () => {});
		await asked.promise;
		request.destroy();
		// Another request of the connection is answered after the end of the first one has arrived.
		const other = session.request({ ":path": "/nothing" });
		other.resume();
		await once(other, "close");
		gate.resolve(true);
		await turn();
		expect(heldBy(gateway)).toEqual({ watchers: 0, isWatching: false });
	});

	it("is the same over HTTP/2", async () => {
		const gateway = await inspected({ settings: { http2: true } });
		const session = connectHttp2(gateway.origin);
		const stream = await requestHttp2(session, `${gateway.origin}${PATH}/stream`, PAGE);
		await stream.next("look", 2);
		await gateway.broker.stop();
		expect(await stream.end).toBeDefined();
		expect(heldBy(gateway)).toEqual({ watchers: 0, isWatching: false });
	});
});

describe("the search", () => {
	it("says what became of a session's events, of an event, or of one for the other", async () => {
		const gateway = await inspected();
		await openStream(gateway.url("news"), { session: "Änne" });
		const stream = await openStream(gateway.url("news"), { session: "Bo" });
		await gateway.send({ eventName: "news", sessionId: ["Änne", "Bo"], payload: 1 });
		const event = busState(gateway.broker)?.position ?? "";
		await gateway.send({ eventName: "chat", sessionId: "Bo", payload: 2 });
		await stream.next("news");

		const bySession = await search(gateway, { session: "Änne" });
		expect(bySession.streams).toMatchObject({ total: 1, streams: [{ sessions: ["Änne"] }] });
		expect(bySession.gateways).toMatchObject([
			{
				nodeID: "node-1",
				counts: { delivered: 1 },
				findings: [{ id: event, event: "news", session: "Änne", verdict: "delivered" }]
			}
		]);
		expect(bySession.meanings).toEqual({ delivered: expect.stringContaining("written") });

		const byEvent = await search(gateway, { event });
		expect(byEvent.streams).toBeNull();
		expect(byEvent.gateways).toMatchObject([{ counts: { delivered: 2 } }]);
		// nobody who has only the event learns whose it is
		expect(JSON.stringify(byEvent)).not.toMatch(/Änne|"Bo"/);
		const [{ findings } = { findings: [] }] = byEvent.gateways;
		for (const { session } of findings) expect(session).toMatch(/^#[\w-]{10}$/);

		const both = await search(gateway, { session: "Bo", event });
		expect(both.gateways).toMatchObject([{ findings: [{ session: "Bo", verdict: "delivered" }] }]);
		const missing = await search(gateway, { session: "Cy", event });
		expect(missing.gateways).toMatchObject([{ counts: { "no-stream": 1 } }]);
		const unknown = await search(gateway, { event: "node-1.zzzz.5" });
		expect(unknown.gateways).toMatchObject([{ findings: [{ session: null, event: null }] }]);
	});

	// Only the newest 2,000 events of all sessions were looked through.
	it("finds a session's events after however many of others", async () => {
		const gateway = await inspected();
		await openStream(gateway.url("news"), { session: "A" });
		const sendTo = (sessionId: string | string[]) =>
			gateway.send({ eventName: "news", sessionId, payload: 1 });
		for (let n = 0; n < 25; n++) await sendTo(["A", "B"]);
		for (let n = 0; n < 2100; n++) await sendTo("B");
		const { gateways } = await search(gateway, { session: "A" });
		expect(gateways).toMatchObject([{ counts: { delivered: 20 } }]);
	});

	it("lists what went wrong before what did not", async () => {
		const gateway = await inspected();
		for (let n = 0; n < 60; n++) await openStream(gateway.url("news"), { session: `s${n}` });
		const back = await openStream(gateway.url("news"), { session: "late" });
		await gateway.send({ eventName: "news", sessionId: "*", payload: 1 });
		const event = (await back.next("news")).id ?? "";
		await openStream(gateway.url("news"), { session: "late", headers: { "Last-Event-ID": event } });
		const { gateways } = await search(gateway, { event });
		const [{ findings, counts } = { findings: [], counts: {} }] = gateways;
		expect(counts).toEqual({ delivered: 61, seen: 1 });
		expect(findings).toHaveLength(50);
		expect(findings[0]).toMatchObject({ verdict: "seen" });
	});

	it.each([
		["nothing", {}, "session"],
		["what cannot be decoded", { "x-sse-session": "%" }, "session"],
		["an event id that is too long", { "x-sse-event": "x".repeat(1001) }, "event"],
		[
			"the place of a stream",
			{ "x-sse-event": encodeURIComponent("7-1795829247527~gw-1.x0vn~1") },
			"event"
		],
		["a session id that is too long", { "x-sse-session": "x".repeat(300) }, "session"]
	])("is refused with %s", async (_, headers, parameter) => {
		const { origin } = await inspected();
		const { status, error } = await refusal(`${origin}${PATH}/search`, { headers });
		expect([status, error.type, error.data?.parameter]).toEqual([
			400,
			"SSE_INVALID_REQUEST",
			parameter
		]);
	});
});
