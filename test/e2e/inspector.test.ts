import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import type { SseMixinOptions } from "../../mixins/sse/index.ts";
import { launchChromium } from "../support/clients/chromium.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";
import { LOW_CONTRAST, OUTSIDE } from "./support/page-checks.ts";

const PATH = "/sse/inspector";
const NAMES = ["orders", "prices"];
const sse: SseMixinOptions = { inspector: { path: PATH, authorize: () => true } };

let browser: Browser;
beforeAll(async () => {
	browser = await launchChromium(inject("programs").chromium);
});
afterAll(() => browser?.close());

/** Three gateways with a stream each, whose names are those of the sessions too; events come until the test ends. */
async function startCluster(): Promise<readonly TestGateway[]> {
	const namespace = crypto.randomUUID();
	const gateways = ["gw-1", "gw-2", "gw-3"].map(
		nodeID => new TestGateway(new TestNode({ broker: memberOf(namespace, nodeID) }), { sse })
	);
	await Promise.all(gateways.map(({ broker }) => broker.start()));
	await meet(...gateways.map(({ broker }) => broker));
	for (const gateway of gateways) {
		await openStream(gateway.url(...NAMES), { session: gateway.broker.nodeID });
	}
	let n = 0;
	const load = setInterval(() => {
		const gateway = gateways[n++ % 3] as TestGateway;
		const eventName = NAMES[n % 2] as string;
		void gateway.send({ eventName, sessionId: "*", payload: { n } });
	}, 50);
	onTestFinished(() => clearInterval(load));
	return gateways;
}

/** Opens the page; fails the test if Chromium complains of anything. */
async function openPage({ origin }: TestGateway): Promise<Page> {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
	onTestFinished(() => context.close());
	const page = await context.newPage();
	const complaints: string[] = [];
	page.on("pageerror", error => complaints.push(String(error)));
	// Violations of the Content-Security-Policy are among them.
	page.on("console", message => complaints.push(message.text()));
	onTestFinished(() => expect(complaints).toEqual([]));
	await page.goto(`${origin}${PATH}`);
	await page.locator('#state[data-state="live"]').waitFor();
	return page;
}

const figure = (page: Page, gateway: number, key: string) =>
	page.locator("#gateways > li").nth(gateway).locator(`[data-figure="${key}"] .value`);

describe("the inspector in a browser", () => {
	it("shows a cluster at work, and why an event did or did not arrive", async () => {
		const gateways = await startCluster();
		const [first] = gateways as [TestGateway];
		const page = await openPage(first);

		await eventually(async () => {
			const names = await page.locator("#gateways h3").allTextContents();
			expect(names).toEqual(["gw-1", "gw-2", "gw-3"]);
			for (const gateway of [0, 1, 2]) {
				expect(Number(await figure(page, gateway, "rate").textContent())).toBeGreaterThan(1);
				expect(await figure(page, gateway, "streams").textContent()).toBe("1");
			}
		});
		const line = page.locator(".spark .line").first();
		const before = await line.getAttribute("d");
		await eventually(async () => expect(await line.getAttribute("d")).not.toBe(before));
		const events = page.getByRole("region", { name: "Newest events" });
		await events.getByRole("cell", { name: "prices" }).first().waitFor();

		await first.broker.broadcast("sse.close", { sessionId: "gw-2", reason: "banned" });
		await page.locator('[data-group="closed"] [data-reason="revoked"] .now').waitFor();
		await eventually(async () => expect(await figure(page, 1, "streams").textContent()).toBe("0"));

		// the list holds still under the keyboard
		await events
			.getByRole("button", { name: /^Search event / })
			.first()
			.focus();
		await page.keyboard.press("Enter");
		const found = page.locator("#found");
		await eventually(async () => expect(await found.textContent()).toMatch(/\d delivered/));
		const results = page.getByRole("region", { name: "What the search found" });
		expect(await results.getByRole("cell", { name: /^#[\w-]{10}$/ }).count()).toBeGreaterThan(1);
		expect(await page.getByLabel("Event id").inputValue()).toMatch(/^gw-\d\.\w+\.\d+$/);

		await page.getByLabel("Event id").fill("");
		await page.getByLabel("Session id").fill("gw-2");
		await page.keyboard.press("Enter");
		await eventually(async () => expect(await found.textContent()).toMatch(/^0 open streams; /));
		await results.getByRole("cell", { name: "no-stream", exact: true }).first().waitFor();
		expect(page.url()).toBe(`${first.origin}${PATH}`);
	});

	it("goes on when the gateway has stopped and is back", async () => {
		const first = await startGateway({ sse });
		const page = await openPage(first);
		const { port } = new URL(first.origin);
		await first.broker.stop();
		await page.locator('#state[data-state="waiting"]').waitFor();
		// Chromium writes that it cannot connect
		page.removeAllListeners("console");
		await startGateway({ sse, settings: { port: Number(port) } });
		await page.locator('#state[data-state="live"]').waitFor();
	});

	// An EventSource gives up after any answer but 200: the page said that it was not allowed any more, and stayed so.
	it("goes on after an answer that was none, and says when it is not allowed any more", async () => {
		let answer: () => boolean = () => true;
		const authorize = () => answer();
		const gateway = await startGateway({ sse: { inspector: { path: PATH, authorize } } });
		const inspector = Reflect.get(gateway.service, Symbol.for("moleculer-sse.inspector"));
		const endStreams = (): void => {
			inspector.stop();
			inspector.start();
		};
		const page = await openPage(gateway);
		// Chromium writes which answers were none
		page.removeAllListeners("console");
		answer = () => {
			throw new Error("The database is away.");
		};
		endStreams();
		await page.locator('#state[data-state="waiting"]').waitFor();
		answer = () => true;
		await page.locator('#state[data-state="live"]').waitFor();
		answer = () => false;
		endStreams();
		await page.locator('#state[data-state="ended"]').waitFor();
	});

	it("can be read in light and in dark, wide and narrow", async () => {
		const gateway = await startGateway({ sse });
		await openStream(gateway.url("news"), { session: "a" });
		for (let n = 0; n < 5; n++)
			await gateway.send({ eventName: "news", sessionId: "a", payload: n });
		const page = await openPage(gateway);
		await page.locator("#events tbody tr").first().waitFor();
		await page.getByLabel("Session id").fill("a");
		await page.keyboard.press("Enter");
		await page.locator("#results .chip").first().waitFor();
		for (const width of [1280, 360]) {
			await page.setViewportSize({ width, height: 800 });
			for (const colorScheme of ["light", "dark"] as const) {
				await page.emulateMedia({ colorScheme });
				expect(await page.evaluate(LOW_CONTRAST)).toEqual([]);
			}
			expect(await page.evaluate(OUTSIDE)).toEqual([]);
			// what narrow screens show as cards is a table all the same
			expect(await page.getByRole("columnheader", { name: "Verdict" }).count()).toBe(1);
		}
	});

	it("can be used with the keyboard alone", async () => {
		const page = await openPage(await startGateway({ sse }));
		const focused = () =>
			page.evaluate(`(() => {
				const { activeElement: element } = document;
				const { outlineStyle, outlineWidth } = getComputedStyle(element);
				const { left, top } = element.getBoundingClientRect();
				const isVisible = outlineStyle !== "none" && outlineWidth !== "0px" && left >= 0 && top >= 0;
				return (element.id || element.type || element.className) + (isVisible ? "" : ", unseen");
			})()`);
		const stops: unknown[] = [];
		for (let stop = 0; stop < 5; stop++) {
			await page.keyboard.press("Tab");
			stops.push(await focused());
		}
		expect(stops).toEqual(["skip", "pause", "session", "event", "submit"]);

		await page.locator(".skip").focus();
		await page.keyboard.press("Enter");
		await page.keyboard.press("Tab");
		expect(await focused()).toBe("session");

		await page.getByRole("button", { name: "Pause" }).focus();
		await page.keyboard.press("Space");
		expect(await page.locator("#state").textContent()).toBe("Paused");
		expect(await page.locator("#pause").getAttribute("aria-pressed")).toBe("true");
		await page.keyboard.press("Space");
		expect(await page.locator("#state").textContent()).toBe("Live");

		for (const [role, name] of [
			["banner", undefined],
			["main", undefined],
			["region", "Gateways"],
			["region", "Why did it not arrive?"],
			["region", "Losses and ends"]
		] as const) {
			expect(await page.getByRole(role, name === undefined ? {} : { name }).count()).toBe(1);
		}
	});
});
