import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchChromium } from "../support/clients/chromium.ts";
import { requestStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewaySetup, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { authenticating, TICKET_ROUTE, TICKET_SECRET } from "../support/gateway/tickets.ts";
import { snippetOf } from "../support/markdown.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";

let browser: Browser;
beforeAll(async () => {
	browser = await launchChromium(inject("programs").chromium);
});
afterAll(() => browser?.close());

const blank = (_req: unknown, res: import("node:http").ServerResponse) =>
	void res.setHeader("content-type", "text/html").end("<!doctype html><title>x</title>");

/** A gateway with an empty page at `/page`. */
const start = (setup: GatewaySetup = {}) =>
	startGateway({
		...setup,
		settings: {
			...setup.settings,
			routes: [
				{ path: "/page", aliases: { "GET /": blank } },
				...((setup.settings?.routes as object[] | undefined) ?? [])
			]
		}
	});

/** A browser whose cookie `sid` for the gateway's host is that of alice. */
async function visitor(): Promise<BrowserContext> {
	const context = await browser.newContext();
	onTestFinished(() => context.close());
	await context.addCookies([
		{ name: "sid", value: "alice", domain: "127.0.0.1", path: "/", sameSite: "Lax", httpOnly: true }
	]);
	return context;
}

/** A page of an origin of its own: the port differs, and the host may. */
async function foreignPage(context: BrowserContext, host: string): Promise<Page> {
	const server = createServer(blank);
	await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const page = await context.newPage();
	await page.goto(`http://${host}:${(server.address() as AddressInfo).port}/`);
	return page;
}

/** Opens an EventSource in a page, and records what becomes of it. @param more Code that runs with it, as its `source`. */
function stream(page: Page, url: string, withCredentials = false, more = ""): Promise<void> {
	return page.evaluate(
		`{
			const log = window.log = [];
			const source = window.source = new EventSource(${JSON.stringify(url)}, { withCredentials: ${withCredentials} });
			source.onopen = () => log.push("open");
			source.onerror = () => log.push(source.readyState === EventSource.CLOSED ? "closed" : "error");
			for (const name of ["news", "sse.open", "sse.reset", "sse.close"]) {
				source.addEventListener(name, ({ data }) => log.push(name + " " + data));
			}
			${more}
		}`
	) as Promise<void>;
}

const logOf = (page: Page) => page.evaluate("window.log") as Promise<string[]>;
const until = (page: Page, entry: string) =>
	eventually(async () => expect(await logOf(page)).toContain(entry), { timeout: 15_000 });

/** Sends to alice until it is certain that it has arrived wherever it may. */
async function sendToAlice(gateway: TestGateway): Promise<void> {
	for (let n = 0; n < 5; n++) {
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "for alice" });
		await new Promise(resolve => setTimeout(resolve, 50));
	}
}

describe("a page of another origin", () => {
	const HOSTS = [
		["on the same site", "127.0.0.1"],
		["on another site", "localhost"]
	] as const;

	for (const [where, host] of HOSTS) {
		it.each([false, true])(`${where} reads no stream, with credentials: %s`, async credentials => {
			const gateway = await start();
			const page = await foreignPage(await visitor(), host);
			await stream(page, gateway.url("news"), credentials);
			await until(page, "closed");
			await sendToAlice(gateway);
			const read = await page.evaluate(
				`fetch(${JSON.stringify(gateway.url("news"))}, { credentials: "include" }).then(() => "read", () => "refused")`
			);

			expect(read).toBe("refused");
			expect(await logOf(page)).toEqual(["closed"]);
		});
	}

	/** A gateway that allows the origin of a page to open its streams. */
	const startFor = (page: Page, sse: GatewaySetup["sse"] = {}, route = {}) =>
		start({
			sse: { path: null, ...sse },
			settings: {
				routes: [
					{
						...route,
						path: "/live",
						cors: { origin: new URL(page.url()).origin, credentials: true },
						aliases: { "GET /events": { type: "sse" } }
					}
				]
			}
		});

	it("that may open streams gets its visitor's, on the same site and with credentials", async () => {
		const page = await foreignPage(await visitor(), "127.0.0.1");
		const gateway = await startFor(page);
		await stream(page, gateway.at("/live/events", "news"), true);
		await until(page, "open");
		await sendToAlice(gateway);

		await until(page, 'news "for alice"');
	});

	it.each([
		["on the same site, without credentials", "127.0.0.1", false],
		["on another site, with credentials", "localhost", true],
		["on another site, without", "localhost", false]
	] as const)("that may open them gets a session of its own: %s", async (_, host, credentials) => {
		const page = await foreignPage(await visitor(), host);
		const gateway = await startFor(page);
		await stream(page, gateway.at("/live/events", "news"), credentials);
		await until(page, "open");
		await sendToAlice(gateway);
		await gateway.send({ eventName: "news", sessionId: "*", payload: "for everyone" });
		await until(page, 'news "for everyone"');

		expect(await logOf(page)).not.toContain('news "for alice"');
	});

	// moleculer-web writes the CORS headers after the middlewares; without them a browser takes any answer for a failure.
	it("that may open them comes back when a middleware of the route has failed for a while", async () => {
		let fails = false;
		const use = [
			async (_req: unknown, _res: unknown, next: () => void) => {
				if (fails) throw new Error("the store is down");
				next();
			}
		];
		const page = await foreignPage(await visitor(), "127.0.0.1");
		const gateway = await startFor(page, { timeout: 300, retry: [50, 70] }, { use });
		await stream(page, gateway.at("/live/events", "news"), true);
		await until(page, "open");
		fails = true;
		await until(page, 'sse.close {"reason":"unavailable"}');
		fails = false;
		await sendToAlice(gateway);
		await until(page, 'news "for alice"');

		expect(await logOf(page)).not.toContain("closed");
	});

	it("that may not open them reads nothing", async () => {
		const context = await visitor();
		const gateway = await startFor(await foreignPage(context, "127.0.0.1"));
		const other = await foreignPage(context, "127.0.0.1");
		await stream(other, gateway.at("/live/events", "news"), true);
		await until(other, "closed");

		expect(await logOf(other)).toEqual(["closed"]);
	});
});

describe("a native EventSource", () => {
	async function pageOf(gateway: TestGateway): Promise<Page> {
		const page = await (await visitor()).newPage();
		await page.goto(`${gateway.origin}/page`);
		return page;
	}

	it("continues after a limit", async () => {
		const gateway = await start({ sse: { limits: { opensPerSecond: 1 } } });
		const page = await pageOf(gateway);
		// another client takes this second's place
		(await requestStream(gateway.url("news"), { session: "bob" })).close();
		await stream(page, gateway.url("news"));
		await until(page, 'sse.close {"reason":"limit"}');
		await eventually(
			async () => expect(await logOf(page)).toContainEqual(expect.stringMatching(/^sse\.open /)),
			{ timeout: 15_000 }
		);
		await sendToAlice(gateway);

		await until(page, 'news "for alice"');
	});

	it("continues after a revocation, if it may", async () => {
		const gateway = await start({ sse: { retry: [100, 200] } });
		const page = await pageOf(gateway);
		await stream(page, gateway.url("news"));
		await until(page, "open");
		await gateway.broker.broadcast("sse.close", { sessionId: "alice", reason: "logged out" });
		await until(page, 'sse.close {"reason":"logged out"}');
		await until(page, 'sse.reset {"reason":"revoked"}');
		await sendToAlice(gateway);

		await until(page, 'news "for alice"');
	});

	it("stops after a revocation, if it may not", async () => {
		let isAllowed = true;
		const gateway = await start({ sse: { retry: [100, 200], authorize: () => isAllowed } });
		const page = await pageOf(gateway);
		await stream(page, gateway.url("news"));
		await until(page, "open");
		isAllowed = false;
		await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
		await until(page, "closed");
		await sendToAlice(gateway);

		expect(await logOf(page)).not.toContain('news "for alice"');
	});

	it("stops after a permanent refusal, 403 or 204", async () => {
		let asked = 0;
		const gateway = await start({
			sse: {
				authorize: (_ctx, { eventNames }) => {
					asked++;
					return eventNames[0] !== "secret";
				},
				limits: { streamsPerSession: 1 }
			}
		});
		const page = await pageOf(gateway);
		await stream(page, gateway.url("secret"));
		await until(page, "closed");
		expect(asked).toBe(1);

		// one stream, and more than a hundred times too early
		for (let n = 0; n < 102; n++) {
			const visit = await requestStream(gateway.url("news"), { session: "alice" });
			if (n > 0) await visit.end;
		}
		await stream(page, gateway.url("news"));
		await until(page, "closed");
		const before = asked;
		await new Promise(resolve => setTimeout(resolve, 1000));

		expect(await logOf(page)).toEqual(["closed"]);
		expect(asked).toBe(before);
	}, 60_000);
});

const GUIDE = ["eventsource", "authentication"]
	.map(page => readFileSync(`docs/guide/${page}.md`, "utf8"))
	.join("\n");
const snippet = (name: string) => snippetOf(GUIDE, name);

describe("a page with the guide's snippet for its state", () => {
	const worker = (_req: unknown, res: import("node:http").ServerResponse) =>
		void res
			.setHeader("content-type", "text/javascript")
			.end('addEventListener("fetch", event => event.respondWith(fetch(event.request)));');

	/** Opens a stream in an empty page, with the snippet; reports what becomes of it. */
	async function openPage(query = "", hasWorker = false) {
		const gateway = await start({
			sse: { timeout: 1000, retry: [50, 100] },
			settings: { routes: [{ path: "/worker.js", aliases: { "GET /": worker } }] }
		});
		const page = await (await visitor()).newPage();
		await page.goto(`${gateway.origin}/page`);
		if (hasWorker) {
			await page.evaluate('navigator.serviceWorker.register("/worker.js")');
			await page.evaluate("navigator.serviceWorker.ready");
			await page.reload();
			await page.waitForFunction("navigator.serviceWorker.controller !== null");
		}
		const names = 'const stream = source, loadState = () => log.push("load");\n';
		await stream(page, gateway.url("news") + query, false, names + snippet("state"));
		return page;
	}
	const opens = (log: readonly string[]) =>
		log.flatMap(entry =>
			entry.startsWith("sse.open ") ? [JSON.parse(entry.slice("sse.open ".length)).resumed] : []
		);
	const came = (page: Page, times: number) =>
		eventually(async () => expect(opens(await logOf(page)).length).toBeGreaterThanOrEqual(times), {
			timeout: 15_000
		});

	const loads = (log: readonly string[]) => log.filter(entry => entry === "load");

	it("loads its state when it has opened its stream, and not when that continues where it was", async () => {
		const page = await openPage();
		await came(page, 2);
		const log = await logOf(page);

		expect(opens(log).slice(0, 2)).toEqual([false, true]);
		expect(loads(log)).toEqual(["load"]);
	}, 60_000);

	it("loads its state again if its place was lost on the way, once", async () => {
		const page = await openPage("", true);
		await came(page, 2);
		await eventually(
			async () => expect(loads(await logOf(page)).length).toBeGreaterThanOrEqual(2),
			{
				timeout: 15_000
			}
		);
		const log = await logOf(page);

		expect(opens(log)[1]).toBe(false);
		expect(log.filter(entry => entry.startsWith("sse.reset"))).toEqual([]);
		expect(loads(log).length).toBeLessThanOrEqual(opens(log).length);
	}, 60_000);

	it("loads it once if it is reset, and not if it continues where it was", async () => {
		// a place that no gateway has given
		const page = await openPage("&lastEventId=forged");
		await came(page, 3);
		const log = await logOf(page);

		expect(opens(log).slice(0, 3)).toEqual([false, true, true]);
		expect(loads(log)).toEqual(["load"]);
	}, 60_000);
});

describe("the guide's page for sse.close", () => {
	const html = snippet("close");
	const at = (page: Page, path: string) =>
		page.waitForURL(url => url.pathname === path, { timeout: 15_000 });
	const says = (page: Page, text: string) =>
		eventually(async () => expect(await page.textContent("#status")).toBe(text), {
			timeout: 15_000
		});

	/** The page, of alice's session as long as that is valid. */
	async function openPage(sse: GatewaySetup["sse"] = {}) {
		let isValid = true;
		let asked = 0;
		const session = () => {
			asked++;
			return isValid ? "alice" : null;
		};
		const gateway = await start({
			sse: { session, retry: [50, 100], ...sse },
			settings: {
				routes: [
					{
						path: "/orders",
						aliases: {
							"GET /": (_req: unknown, res: import("node:http").ServerResponse) =>
								void res.setHeader("content-type", "text/html").end(html)
						}
					},
					{ path: "/login", aliases: { "GET /": blank } }
				]
			}
		});
		const page = await (await browser.newContext()).newPage();
		onTestFinished(() => page.context().close());
		await page.goto(`${gateway.origin}/orders`);
		await eventually(() => expect(gateway.held.streams).toBe(1));
		const pay = (status: string) =>
			gateway.send({ eventName: "order-update", sessionId: "alice", payload: { status } });
		const end = () => {
			isValid = false;
		};
		return { gateway, page, pay, end, asked: () => asked };
	}

	it("is ten lines", () => {
		expect(html.trim().split("\n")).toHaveLength(10);
	});

	it("stays where it is when its stream reaches the end of its life, and gets what is sent", async () => {
		const { page, pay, asked } = await openPage({ timeout: 500 });
		await pay("open");
		await says(page, "open");
		await eventually(() => expect(asked()).toBe(2));
		await pay("paid");
		await says(page, "paid");

		expect(new URL(page.url()).pathname).toBe("/orders");
	}, 60_000);

	it("goes to the login page at a logout, once, and holds no stream there", async () => {
		const { gateway, page, end } = await openPage();
		end();
		await gateway.broker.broadcast("sse.close", { sessionId: "alice", reason: "logged out" });
		await at(page, "/login");
		await eventually(() => expect(gateway.held.streams).toBe(0));
	}, 60_000);

	it("goes there when its session ends silently", async () => {
		const { page, end } = await openPage({ timeout: 500 });
		end();
		await at(page, "/login");
	}, 60_000);
});

describe("the guide's snippet for tickets", () => {
	/** A gateway that issues tickets to alice, and an empty page of it with the snippets. */
	async function openPage(hooks: { authenticate(): void; authorize(): boolean }) {
		const gateway = await start({
			sse: {
				session: ctx => ctx.meta.user,
				authorize: (_ctx, { req }) => !req.originalUrl?.includes("ticket=") || hooks.authorize(),
				ticket: { secret: TICKET_SECRET },
				timeout: 1500,
				retry: [50, 100],
				client: "/sse/client.js"
			},
			settings: { routes: [TICKET_ROUTE] },
			schema: authenticating(isAlice => {
				hooks.authenticate();
				return isAlice === true;
			})
		});
		const page = await (await browser.newContext()).newPage();
		onTestFinished(() => page.context().close());
		await page.goto(`${gateway.origin}/page`);
		return { gateway, page };
	}

	/** Runs the snippet in the page, and listens to news. */
	const run = async (page: Page) => {
		await page.evaluate(`(async () => {
			const { connect } = await import("/sse/client.js");
			const log = window.log = [];
			let token = "alice";
			window.logOut = () => (token = "nobody");
			${snippet("ticket")}
			window.live = events;
			events.on("news", payload => log.push(payload));
			events.onStart(() => log.push("load"));
			events.onReset(() => log.push("reset"));
			events.onEnd((...end) => log.push(end.join(" ")));
		})()`);
	};

	it("asks for a new ticket whenever one is used up, and misses nothing, until the session is over", async () => {
		let asked = 0;
		// A gateway that has just started does not know yet who has issued a ticket, and refuses it: that was the end.
		let refusals = 1;
		const { gateway, page } = await openPage({
			authenticate() {
				asked++;
				// After a failure it never asked again, and after the first one it never began: there was no stream, and no
				// report of that.
				if (asked === 1 || asked === 4) throw new Error("the database is away");
			},
			authorize: () => refusals-- <= 0
		});
		await run(page);
		await until(page, "load");
		const count = 150;
		for (let n = 0; n < count; n++) {
			await gateway.send({ eventName: "news", sessionId: "alice", payload: n });
			await new Promise(resolve => setTimeout(resolve, 50));
		}
		await eventually(async () => expect(await logOf(page)).toContain(count - 1), {
			timeout: 15_000
		});

		const log = await logOf(page);
		expect(log.filter(entry => typeof entry === "number")).toEqual(
			Array.from({ length: count }, (_, n) => n)
		);
		expect(log.filter(entry => entry === "load")).toEqual(["load"]);
		expect(asked).toBeGreaterThanOrEqual(5);

		await page.evaluate("logOut()");
		await until(page, "unauthorized timeout");
		const before = asked;
		await new Promise(resolve => setTimeout(resolve, 1000));
		expect(asked).toBe(before);
	}, 60_000);

	it("ends when it is closed", async () => {
		const { gateway, page } = await openPage({ authenticate: () => {}, authorize: () => true });
		await run(page);
		await until(page, "load");
		await page.evaluate("live.close()");
		await eventually(() => expect(gateway.held.streams).toBe(0));

		expect(await page.evaluate("live.state")).toBe("closed");
	}, 60_000);
});
