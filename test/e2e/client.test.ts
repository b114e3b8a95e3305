import { readFileSync } from "node:fs";
import { createServer, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchChromium } from "../support/clients/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewaySetup, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { snippetOf } from "../support/markdown.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";

let browser: Browser;
beforeAll(async () => {
	browser = await launchChromium(inject("programs").chromium);
});
afterAll(() => browser?.close());

const PATIENT = { timeout: 20_000 };

const blank = (_req: unknown, res: ServerResponse) =>
	void res.setHeader("content-type", "text/html").end("<!doctype html><title>x</title>");

const start = (sse: GatewaySetup["sse"] = {}) =>
	startGateway({
		sse: { retry: [50, 100], client: "/sse/client.js", ...sse },
		settings: { routes: [{ path: "/page", aliases: { "GET /": blank } }] }
	});

async function visitor(host = "127.0.0.1"): Promise<BrowserContext> {
	const context = await browser.newContext();
	onTestFinished(() => context.close());
	await context.addCookies([{ name: "sid", value: "alice", domain: host, path: "/" }]);
	return context;
}

/** Opens a tab whose page listens to news with the client, as the gateway serves it. */
async function openTab(context: BrowserContext, origin: string): Promise<Page> {
	const page = await context.newPage();
	await page.goto(`${origin}/page`);
	await page.evaluate(`(async () => {
		const { connect } = await import("/sse/client.js");
		window.got = [];
		window.resets = [];
		window.starts = 0;
		window.live = connect("/sse/event-stream");
		live.on("news", payload => got.push(payload));
		live.onReset(reason => resets.push(reason));
		live.onStart(() => starts++);
	})()`);
	await is(page, "live.state", "open");
	return page;
}

const is = (page: Page, expression: string, value: unknown) =>
	eventually(async () => expect(await page.evaluate(expression)).toEqual(value), PATIENT);

const send = (gateway: TestGateway, payload: unknown) =>
	gateway.send({ eventName: "news", sessionId: "alice", payload });

const haveStreams = (gateway: TestGateway, count: number) =>
	eventually(() => expect(gateway.held.streams).toBe(count), PATIENT);

it("the guide's page has ten lines, shows its state, follows it, and goes to the login page at the end", async () => {
	const html = snippetOf(readFileSync("docs/guide/in-the-browser.md", "utf8"), "page");
	expect(html.trim().split("\n")).toHaveLength(10);
	let orders = "one";
	let isValid = true;
	const answer = (type: string, text: () => string) => (_req: unknown, res: ServerResponse) =>
		void res.setHeader("content-type", type).end(text());
	const gateway = await startGateway({
		sse: {
			retry: [50, 100],
			client: "/sse/client.js",
			session: () => (isValid ? "alice" : null)
		},
		settings: {
			routes: [
				{ path: "/page", aliases: { "GET /": answer("text/html", () => html) } },
				{ path: "/login", aliases: { "GET /": blank } },
				{ path: "/api", aliases: { "GET /orders": answer("text/plain", () => orders) } }
			]
		}
	});
	const page = await (await visitor()).newPage();
	await page.goto(`${gateway.origin}/page`);
	const shows = (text: string) =>
		eventually(async () => expect(await page.textContent("#orders")).toBe(text), PATIENT);
	await shows("one");
	orders = "one, two";
	await gateway.send({ eventName: "order-update", sessionId: "alice", payload: 2 });
	await shows("one, two");
	orders = "one, two, three";
	await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
	await shows("one, two, three");
	isValid = false;
	await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
	await page.waitForURL(url => url.pathname === "/login", PATIENT);
});

it("two tabs share one stream; when the one that leads is closed, the other misses nothing", async () => {
	const gateway = await start();
	const context = await visitor();
	const first = await openTab(context, gateway.origin);
	const second = await openTab(context, gateway.origin);
	await haveStreams(gateway, 1);
	for (const n of [0, 1]) await send(gateway, n);
	for (const page of [first, second]) await is(page, "got", [0, 1]);
	for (let n = 2; n < 50; n++) {
		if (n === 25) void first.close();
		await send(gateway, n);
		await new Promise(resolve => setTimeout(resolve, 5));
	}
	await is(
		second,
		"got",
		Array.from({ length: 50 }, (_, n) => n)
	);

	expect(await second.evaluate("[starts, resets]")).toEqual([1, []]);
	await haveStreams(gateway, 1);
});

// Chromium denies locks to a frame without an origin, by rejecting: the page waited for the answer for ever.
it("a page in a sandboxed frame has a stream of its own", async () => {
	const gateway = await startGateway({
		sse: { client: "/sse/client.js", session: () => "alice" },
		settings: {
			cors: { origin: "*" },
			routes: [{ path: "/page", aliases: { "GET /": blank } }]
		}
	});
	const page = await (await visitor()).newPage();
	await page.goto(`${gateway.origin}/page`);
	await page.evaluate(`(() => {
		window.told = [];
		onmessage = ({ data }) => told.push(data);
		const frame = document.createElement("iframe");
		frame.sandbox = "allow-scripts";
		frame.srcdoc = '<script type="module">' +
			'import { connect } from "${gateway.origin}/sse/client.js";' +
			'const live = connect("${gateway.origin}/sse/event-stream");' +
			'live.on("news", payload => parent.postMessage(payload, "*"));' +
			'live.onStart(() => parent.postMessage("start", "*"));' +
			'navigator.locks.request("x", () => {}).catch(({ name }) => parent.postMessage(name, "*"));' +
			"</" + "script>";
		document.body.append(frame);
	})()`);
	await eventually(async () => {
		const told = await page.evaluate<string[]>("told");
		expect(told.sort()).toEqual(["SecurityError", "start"]);
	}, PATIENT);
	await send(gateway, "news");
	await is(page, "told.at(-1)", "news");
});

it("a reset is reported in every tab, once", async () => {
	const gateway = await start();
	const context = await visitor();
	const tabs = [await openTab(context, gateway.origin), await openTab(context, gateway.origin)];
	await haveStreams(gateway, 1);
	await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
	for (const page of tabs) await is(page, "resets", ["revoked"]);
	await send(gateway, 1);
	for (const page of tabs) await is(page, "got", [1]);

	for (const page of tabs) expect(await page.evaluate("resets")).toEqual(["revoked"]);
});

// EventSource stayed CLOSED after a 502 until the page was reloaded.
it("a page comes back after a 502 without being reloaded, and has missed nothing", async () => {
	const gateway = await start({ timeout: 1000 });
	let isAway = false;
	let refusals = 0;
	const proxy = createServer((req, res) => {
		if (isAway) {
			refusals++;
			res.writeHead(502).end("no gateway");
			return;
		}
		const { method, url, headers } = req;
		const further = request(
			`${gateway.origin}${url}`,
			{ method: method ?? "GET", headers },
			answer => {
				res.writeHead(answer.statusCode as number, answer.headers);
				answer.pipe(res);
				res.on("close", () => further.destroy());
			}
		);
		further.on("error", () => res.destroy());
		further.end();
	});
	await new Promise<void>(resolve => proxy.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		proxy.closeAllConnections();
		proxy.close();
	});
	const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
	const page = await openTab(await visitor(), origin);
	await send(gateway, 0);
	await is(page, "got", [0]);
	isAway = true;
	await eventually(() => expect(refusals).toBeGreaterThan(1), PATIENT);
	await send(gateway, 1);
	isAway = false;
	await is(page, "got", [0, 1]);

	expect(await page.evaluate("[starts, resets]")).toEqual([1, []]);
});
