import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { ReportFiles } from "../../services/reports/report-files.ts";
import { launchChromium } from "../support/clients/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { freePort } from "../support/processes/ports.ts";
import { type RunningProcess, spawnNode, spawnProcess } from "../support/processes/process.ts";
import { openTerminal } from "../support/processes/terminal.ts";
import { inject } from "../support/provided.ts";
import { tempFolder } from "../support/temp-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../support/fixtures/example-node.ts", import.meta.url));

let browser: Browser;
beforeAll(async () => {
	browser = await launchChromium(inject("programs").chromium);
});
afterAll(() => browser?.close());

/** What Chromium itself writes to the console when a gateway is away, or reports that it is. */
const AWAY = /^Failed to load resource: (net::ERR_|.* status of 503)/;

/** Opens the example's page in a browser of its own, with nothing kept from before. */
async function openPage(url: string, { width = 1280 } = {}): Promise<Page> {
	const context = await browser.newContext({ viewport: { width, height: 800 } });
	onTestFinished(() => context.close());
	return openTab(context, url);
}

async function openTab(context: BrowserContext, url: string): Promise<Page> {
	const page = await context.newPage();
	const errors: string[] = [];
	page.on("pageerror", error => errors.push(String(error)));
	page.on("console", message => {
		if (message.type() === "error" && !AWAY.test(message.text())) errors.push(message.text());
	});
	onTestFinished(() => expect(errors).toEqual([]));
	await page.goto(url);
	await page.waitForSelector('#state[data-state="open"]');
	return page;
}

async function startExample(env: Record<string, string> = {}): Promise<string> {
	return (await runExample(env)).url;
}

/** Where the reports of a test are. */
function reportsFolder(): string {
	const folder = tempFolder("reports");
	onTestFinished(() => folder.remove());
	return folder.path;
}

async function runExample(
	env: Record<string, string> = {}
): Promise<{ url: string; example: RunningProcess }> {
	const example = spawnNode(EXAMPLE, [], { env: { TICK_MS: "100", ...env } });
	onTestFinished(() => example.stop());
	const [, port] = await example.waitFor(/listening on (\d+)/);
	return { url: `http://127.0.0.1:${port}`, example };
}

/** Records wherever the page's parts have been, frame by frame. */
const WATCH_PLACES = `{
	window.places = new Set();
	const watch = () => {
		const parts = "#open-form, #open-error, #message-form, #order-form, #error, #create-report, #reports, " +
			"#report-error, #filters, #clear, #events";
		const tops = [...document.querySelectorAll(parts)].map(part => {
			const { left, top } = part.getBoundingClientRect();
			return [part.id, Math.round(left), Math.round(top + window.scrollY)].join(" ");
		});
		window.places.add(tops.join("; "));
		requestAnimationFrame(watch);
	};
	watch();
}`;

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
		expect((await fetch(`${url}/inspector`)).status).toBe(200);
		// A proxy on the same machine serves others.
		const headers = { "x-forwarded-for": "203.0.113.7" };
		expect((await fetch(`${url}/inspector`, { headers })).status).toBe(403);

		// Ctrl-C; a shell between npm and Node would die of SIGTERM at once, and npm would take that for the end
		app.kill("SIGINT");
		await app.exited;
		expect(app.output).toContain("ServiceBroker is stopped");
	});
});

describe("the footer of the page", () => {
	// It suggested `npm run repl` beside `npm start`, where the port is taken.
	it("has commands that do what it says", async () => {
		const port = await freePort();
		const home = tempFolder("home");
		const html = readFileSync(join(ROOT, "services/public/index.html"), "utf8");
		const [repl, start, send] = [...html.matchAll(/<code>(.*?)<\/code>/g)].map(([, code]) => code);
		expect(start).toBe("npm start");
		const env = { PORT: String(port), TRANSPORTER: "", NODE_ID: "", HOME: home.path };
		const terminal = openTerminal(repl as string, { cwd: ROOT, env });
		onTestFinished(async () => {
			await terminal.process.stop();
			await home.remove();
		});
		await terminal.shows(/mol \$/);
		const page = await openPage(`http://127.0.0.1:${port}`);
		terminal.type(send as string);
		await events(page, "notifications").first().waitFor();

		expect(await events(page, "notifications").locator("code").textContent()).toBe("hi");
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

	it("shows a report's progress, moves nothing meanwhile, and downloads it; also after a reload", async () => {
		const env = { REPORTS_FOLDER: reportsFolder(), REPORT_STEP_MS: "20" };
		const page = await openPage(await startExample(env));
		await events(page, "price").first().waitFor();
		await page.evaluate(WATCH_PLACES);
		await page.getByRole("button", { name: "Create report" }).click();
		const bar = page.getByRole("progressbar", { name: /^Report [0-9a-f]{8}$/ });
		const link = page.getByRole("link", { name: /^Download report [0-9a-f]{8}$/ });
		await link.waitFor({ timeout: 20_000 });

		expect(await bar.evaluate((element: unknown) => Reflect.get(Object(element), "value"))).toBe(
			5000
		);
		expect(await events(page, "report-progress").count()).toBe(20);
		expect(await page.textContent("#report-news")).toMatch(/^Report [0-9a-f]{8} is ready\.$/);
		expect(await page.evaluate("[...window.places]")).toHaveLength(1);

		await page.reload();
		const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
		const lines = readFileSync(await file.path(), "utf8")
			.trimEnd()
			.split("\n");
		expect(lines).toHaveLength(5001);
	});

	// A report whose worker was gone together with its queue stayed at its last step for ever, as if it were worked on.
	it("says that it missed what became of a report while its gateway was away", async () => {
		const port = String(await freePort());
		const env = { PORT: port, REPORTS_FOLDER: reportsFolder() };
		const { url, example } = await runExample({ ...env, REPORT_STEP_MS: "60000" });
		const page = await openPage(url);
		await page.click("#create-report");
		await page.waitForSelector('#reports li[data-state="working"]');
		await example.stop();
		await runExample(env);
		await page.waitForSelector('#reports .status:text("some of its progress was missed")');
	});

	// `report-failed` was the only word of it: who missed it saw the report worked on for ever.
	it("shows a report as failed that was given up while its gateway was away", async () => {
		const port = String(await freePort());
		const env = { PORT: port, REPORTS_FOLDER: reportsFolder() };
		const { url, example } = await runExample({ ...env, REPORT_STEP_MS: "60000" });
		const page = await openPage(url);
		await page.click("#create-report");
		const row = page.locator('#reports li[data-state="working"]');
		const reportId = (await row.getAttribute("data-report")) as string;
		const [cookie] = await page.context().cookies();
		await example.stop();
		await new ReportFiles(env.REPORTS_FOLDER).markFailed(cookie?.value as string, reportId);
		await runExample(env);
		const failed = page.locator('#reports li[data-state="failed"]');
		expect(await failed.locator(".status").textContent()).toBe("could not be made");
		expect(await failed.getAttribute("data-report")).toBe(reportId);
	});

	/** A page whose session has a report that it does not know of: it was made while the gateway was away. */
	async function openPageOfMissedReport() {
		const port = String(await freePort());
		const env = { PORT: port, REPORTS_FOLDER: reportsFolder(), STREAM_TIMEOUT: "2000" };
		const { url, example } = await runExample(env);
		const page = await openPage(url);
		const [cookie] = await page.context().cookies();
		await example.stop();
		const files = new ReportFiles(env.REPORTS_FOLDER);
		const reportId = crypto.randomUUID();
		await files.begin(cookie?.value as string, reportId);
		await files.write(cookie?.value as string, reportId, Readable.from(["order\n"]));
		const link = page.getByRole("link", { name: `Download report ${reportId.slice(0, 8)}` });
		return { page, link, returns: () => runExample(env) };
	}

	/**
	 * Answers the page's requests for its reports in the gateway's place, while `answer` returns something; counts the
	 * requests.
	 */
	async function answerReports(page: Page, answer: (request: number) => number | undefined) {
		const asked = { times: 0 };
		await page.route("**/api/reports", route => {
			const status = answer(asked.times++);
			if (status === undefined) return route.continue();
			return status === 0 ? route.abort() : route.fulfill({ status, body: "{}" });
		});
		return asked;
	}

	it("asks for its reports until it is answered, and meanwhile says that it could not load them", async () => {
		const { page, link, returns } = await openPageOfMissedReport();
		const asked = await answerReports(page, request => [0, 503, 503][request]);
		await returns();
		await page.waitForSelector('#report-error:text("could not be loaded yet")');
		await link.waitFor({ timeout: 20_000 });
		expect(asked.times).toBeGreaterThan(3);
		expect(await page.textContent("#report-error")).toBe("");
		// it has what it asked for
		const { times } = asked;
		await events(page, "sse.open").nth(4).waitFor({ timeout: 20_000 });
		expect(asked.times).toBe(times);
	});

	// A page that could not ask, because its gateway died after the reset, continued elsewhere from the place of that reset,
	// was told that it had missed nothing, and never asked again.
	it("asks for its reports when its stream is open again, even if the stream is resumed", async () => {
		const { page, link, returns } = await openPageOfMissedReport();
		let isDown = true;
		const asked = await answerReports(page, () => (isDown ? 0 : undefined));
		// time on the page passes only by `runFor`: too little for the wait after a failure
		await page.clock.install();
		await page.clock.pauseAt(Date.now() + 60_000);
		await returns();
		await events(page, "sse.reset").waitFor();
		await eventually(async () => {
			await page.clock.runFor(1);
			expect(asked.times).toBeGreaterThan(0);
		});
		isDown = false;
		const opens = await events(page, "sse.open").count();
		await events(page, "sse.open").nth(opens).waitFor();
		await page.clock.runFor(1);
		await link.waitFor();
		expect(await events(page, "sse.reset").count()).toBe(1);
		const last = await events(page, "sse.open").first().locator("code").textContent();
		expect(JSON.parse(last as string)).toMatchObject({ resumed: true });
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

	// Each stream of each tab had a connection, of the six that a browser opens to a host: a sixth hung, and the API with it.
	it("has one connection for all its streams, and for all its tabs", async () => {
		const url = await startExample();
		const context = await browser.newContext();
		onTestFinished(() => context.close());
		const open = new Set<unknown>();
		context.on("request", request => {
			if (request.url().includes("/sse/event-stream")) open.add(request);
		});
		for (const end of ["requestfinished", "requestfailed"] as const) {
			context.on(end as "requestfailed", request => void open.delete(request));
		}
		const tabs: Page[] = [];
		for (let n = 0; n < 5; n++) tabs.push(await openTab(context, url));
		const [first, last] = [tabs[0] as Page, tabs[4] as Page];
		await last.click("#open-stream");
		await last.waitForSelector('#state:text("2 streams open")');
		await say(first, "to all");
		for (const page of tabs) await events(page, "notifications").first().waitFor();
		await events(last, "notifications", 2).first().waitFor();
		await eventually(() => expect(open.size).toBe(1));
	});

	// The line below the streams disappeared with the last open one, and the text for a lost connection took a second line:
	// everything below jumped by up to 52 pixels, twice at each reconnect.
	it.each([360, 800, 1280])(
		"moves nothing when its streams come and go, %i pixels wide",
		async width => {
			const port = String(await freePort());
			const { url, example } = await runExample({ PORT: port, STREAM_TIMEOUT: "1000" });
			const page = await openPage(url, { width });
			await events(page, "price").first().waitFor();
			await page.evaluate(WATCH_PLACES);
			await events(page, "sse.open").nth(1).waitFor();
			await example.stop();
			await page.waitForSelector('.stream:has-text("reconnecting")');
			await say(page, "to nobody");
			await page.waitForSelector('#error:has-text("was away")');
			await runExample({ PORT: port });
			await events(page, "sse.reset").first().waitFor();

			const [first, ...others] = (await page.evaluate("[...window.places]")) as string[];
			for (const place of others) expect(place).toBe(first);
		}
	);

	it("says that the gateway could not be reached until it is back", async () => {
		const port = String(await freePort());
		const { url, example } = await runExample({ PORT: port });
		const page = await openPage(url);
		await example.stop();
		await say(page, "to nobody");
		await page.waitForSelector('#error:has-text("was away")');
		await runExample({ PORT: port });
		await page.waitForSelector('#state[data-state="open"]');

		expect(await page.locator("#error").textContent()).toBe("");
	});

	it("shows the text of a message, and never runs it", async () => {
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
