import { fileURLToPath } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { spawnNode, spawnProcess } from "../support/process.ts";
import "../support/provided.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../support/fixtures/example-node.ts", import.meta.url));

let browser: Browser;
beforeAll(async () => {
	browser = await launchChromium(inject("programs").chromium);
});
afterAll(() => browser?.close());

/** Opens the example's page in a browser of its own, with nothing kept from before. */
async function openPage(url: string): Promise<Page> {
	const context = await browser.newContext();
	onTestFinished(() => context.close());
	const page = await context.newPage();
	const errors: string[] = [];
	page.on("pageerror", error => errors.push(String(error)));
	page.on("console", message => {
		if (message.type() === "error") errors.push(message.text());
	});
	onTestFinished(() => expect(errors).toEqual([]));
	await page.goto(url);
	await page.waitForSelector('#state[data-state="open"]');
	return page;
}

async function startExample(env: Record<string, string> = {}): Promise<string> {
	const example = spawnNode(EXAMPLE, [], { env: { TICK_MS: "100", ...env } });
	onTestFinished(() => example.stop());
	const [, port] = await example.waitFor(/listening on (\d+)/);
	return `http://127.0.0.1:${port}`;
}

const events = (page: Page, name: string, stream = 1): Locator =>
	page.locator(`#events li[data-event="${name}"][data-stream="${stream}"]`);

/** Ids of the events of a name on a stream, oldest first. */
const ids = async (page: Page, name: string, stream = 1): Promise<(string | null)[]> =>
	(
		await events(page, name, stream).evaluateAll(items =>
			items.map(item => item.getAttribute("data-id"))
		)
	).reverse();

async function say(page: Page, message: string): Promise<void> {
	await page.fill("#message", message);
	await page.click("#send");
}

describe("`npm start`", () => {
	it("prints a URL at which a browser shows events arriving, and ends at once when asked to", async () => {
		const port = await freePort();
		const env = { PORT: String(port), TRANSPORTER: "", NODE_ID: "" };
		const app = spawnProcess("npm", ["start"], { cwd: ROOT, env });
		onTestFinished(() => app.stop());
		const [, url] = await app.waitFor(/Open (http:\/\/localhost:\d+)/);
		expect(url).toBe(`http://localhost:${port}`);

		const page = await openPage(url as string);
		await events(page, "price").first().waitFor();
		await say(page, "hello");
		await events(page, "notifications").first().waitFor();

		// Ctrl-C; a shell between npm and Node would die of SIGTERM at once, and npm take that for the end
		app.kill("SIGINT");
		await app.exited;
		expect(app.output).toContain("ServiceBroker is stopped");
	});
});

describe("the page", () => {
	it("gets events by name, with ids and JSON that parses", async () => {
		const page = await openPage(await startExample());
		await eventually(async () => expect(await events(page, "price").count()).toBeGreaterThan(2));
		const data = await events(page, "price").locator("code").allTextContents();
		for (const text of data) expect(JSON.parse(text)).toHaveProperty("symbol");
		const [first, second] = await ids(page, "price");
		expect(first).toMatch(/\.[0-9a-z]{8}\.\d+$/);
		expect(second).not.toBe(first);
	});

	it("sends to its own session, and to no other browser's", async () => {
		const url = await startExample();
		const [mine, theirs] = [await openPage(url), await openPage(url)];
		await say(mine, "for me");
		await events(mine, "notifications").first().waitFor();
		expect(await events(mine, "notifications").locator("code").textContent()).toBe("for me");
		await say(theirs, "for them");
		await events(theirs, "notifications").first().waitFor();
		expect(await events(theirs, "notifications").count()).toBe(1);
		expect(await events(mine, "notifications").count()).toBe(1);
	});

	it("follows an order through all its steps", async () => {
		const page = await openPage(await startExample());
		await page.click("#place-order");
		await page.waitForSelector('#orders li[data-status="delivered"]', { timeout: 15_000 });
		const states = await events(page, "order-update").locator("code").allTextContents();
		expect(states.reverse().map(text => JSON.parse(text).status)).toEqual([
			"placed",
			"paid",
			"packed",
			"shipped",
			"delivered"
		]);
	});

	it("opens and closes further streams of its session, each with its own event names", async () => {
		const page = await openPage(await startExample());
		await page.uncheck('input[value="order-update"]');
		await page.click("#open-stream");
		await page.waitForFunction('document.querySelector("#state").textContent === "2 streams open"');

		await say(page, "to both");
		await events(page, "notifications", 1).first().waitFor();
		await events(page, "notifications", 2).first().waitFor();
		expect(await ids(page, "notifications", 2)).toEqual(await ids(page, "notifications", 1));
		expect(await events(page, "price", 2).count()).toBe(0);

		await page.click('#streams button[aria-label="Close stream 1"]');
		await say(page, "to one");
		await eventually(async () => expect(await events(page, "notifications", 2).count()).toBe(2));
		expect(await events(page, "notifications", 1).count()).toBe(1);
	});

	it("comes back by itself when the gateway ends its stream, and has missed nothing", async () => {
		const page = await openPage(await startExample({ STREAM_TIMEOUT: "1500" }));
		await eventually(
			async () => expect(await events(page, "sse.open").count()).toBeGreaterThan(2),
			{
				timeout: 15_000
			}
		);
		const closes = await events(page, "sse.close").locator("code").allTextContents();
		expect(JSON.parse(closes[0] as string)).toEqual({ reason: "timeout" });
		const seqs = (await ids(page, "price")).map(id => Number(id?.split(".").at(-1)));
		expect(seqs.length).toBeGreaterThan(10);
		expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] as number) + index));
		expect(await events(page, "sse.reset").count()).toBe(0);
	});

	it("hides the events of names that are filtered out, and shows them again", async () => {
		const page = await openPage(await startExample());
		await events(page, "price").first().waitFor();
		const filter = page.locator('#filters button[data-name="price"]');
		await filter.click();
		expect(await filter.getAttribute("aria-pressed")).toBe("false");
		expect(await events(page, "price").first().isVisible()).toBe(false);
		await filter.click();
		expect(await events(page, "price").first().isVisible()).toBe(true);
	});

	it("opens no more streams than leave a connection to the API", async () => {
		const page = await openPage(await startExample());
		for (let n = 2; n <= 5; n++) {
			await page.click("#open-stream");
			await page.waitForFunction(
				`document.querySelector("#state").textContent === "${n} streams open"`
			);
		}
		await page.click("#open-stream", { force: true });
		expect(await page.locator("#streams li.stream").count()).toBe(5);
		await say(page, "still there");
		await events(page, "notifications", 5).first().waitFor();
	});

	it("shows what a message says, and never runs it", async () => {
		const page = await openPage(await startExample());
		const hostile = `<img src=x onerror="document.title='owned'">`;
		await say(page, hostile);
		await events(page, "notifications").first().waitFor();
		expect(await events(page, "notifications").locator("code").textContent()).toBe(hostile);
		expect(await page.title()).not.toBe("owned");
	});

	it("can be used by keyboard, and fits a phone in light and in dark", async () => {
		const url = await startExample();
		const page = await openPage(url);
		await page.focus("#message");
		await page.keyboard.type("!");
		await page.keyboard.press("Enter");
		await events(page, "notifications").first().waitFor();
		await page.keyboard.press("Tab");
		expect(await page.evaluate("document.activeElement.id")).toBe("send");

		for (const colorScheme of ["light", "dark"] as const) {
			await page.emulateMedia({ colorScheme });
			await page.setViewportSize({ width: 360, height: 780 });
			expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
		}
	});
});
