import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { startServices } from "../integration/support/readme-services.ts";
import { launchChromium } from "../support/clients/chromium.ts";
import { eventually } from "../support/eventually.ts";
import type { TestGateway } from "../support/gateway/gateway.ts";
import { codeBlocks, snippetOf } from "../support/markdown.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";
import { tempFolder } from "../support/temp-folder.ts";

let browser: Browser;
beforeAll(async () => {
	browser = await launchChromium(inject("programs").chromium);
});
afterAll(() => browser?.close());

/** A page of the guide. */
interface Guide {
	readonly name: string;
	/** Of `docs/guide`. */
	readonly document: string;
	readonly snippet: string;
	/** The files that are copied to `public`, and their names in the packages. */
	readonly files: Readonly<Record<string, string>>;
	/** Whether the page also hides its button when the order is paid. */
	readonly hidesButton?: boolean;
}

const DATASTAR = { "datastar.js": "@starfederation/datastar/dist/datastar.js" };

const GUIDES: readonly Guide[] = [
	{
		name: "htmx 2",
		document: "htmx",
		snippet: "htmx-2",
		files: {
			"htmx.min.js": "htmx.org/dist/htmx.min.js",
			"sse.min.js": "htmx-ext-sse/dist/sse.min.js"
		}
	},
	{
		name: "htmx 4",
		document: "htmx",
		snippet: "htmx-4",
		files: {
			"htmx.min.js": "htmx4/dist/htmx.min.js",
			"hx-sse.min.js": "htmx4/dist/ext/hx-sse.min.js"
		}
	},
	{
		name: "Turbo",
		document: "turbo",
		snippet: "turbo",
		files: { "turbo.js": "@hotwired/turbo/dist/turbo.es2017-umd.js" }
	},
	{
		name: "Datastar",
		document: "datastar",
		snippet: "datastar",
		files: DATASTAR,
		hidesButton: true
	}
];

/**
 * The services of a page of the guide, with its page, in a browser.
 *
 * @param sse Options of the gateway.
 * @param before Code that runs before the page's.
 */
async function openPage({ document, snippet, files }: Guide, sse: object = {}, before = "") {
	const guide = readFileSync(`docs/guide/${document}.md`, "utf8");
	const scripts = codeBlocks(guide).flatMap(({ path, code }) => (path ? [[path, code]] : []));
	const folder = tempFolder("guide");
	onTestFinished(() => folder.remove());
	const pages = join(folder.path, "public");
	mkdirSync(pages);
	writeFileSync(join(pages, "index.html"), snippetOf(guide, snippet));
	for (const [name, path] of Object.entries(files)) {
		copyFileSync(join("node_modules", path), join(pages, name));
	}
	const gateway = await startServices(Object.fromEntries(scripts), {
		assets: { folder: pages },
		sse: { drain: 0, retry: [50, 100], ...sse }
	});
	const page = await (await browser.newContext()).newPage();
	onTestFinished(() => page.context().close());
	const errors: string[] = [];
	page.on("pageerror", error => errors.push(String(error)));
	await page.addInitScript(before);
	await page.goto(gateway.origin);
	return { gateway, page, errors };
}

const PATIENCE = { timeout: 15_000 };
/** The page's text about the order. */
const says = (page: Page, text: string) =>
	eventually(async () => {
		const paragraph = page.locator("p");
		expect(await paragraph.count()).toBe(1);
		expect(await paragraph.innerText()).toBe(text);
	}, PATIENCE);

/** Ends all streams, as if something had been missed; the page then comes back. */
const reset = (gateway: TestGateway) => gateway.broker.broadcast("sse.close", { sessionId: "*" });

describe.each(GUIDES)("the guide's page for $name", guide => {
	it("shows its state, what is sent to it, and its state again if it may have missed something", async () => {
		const { gateway, page, errors } = await openPage(guide);
		await says(page, "Order 7 is open");
		await page.click("text=Pay");
		await says(page, "Order 7 is paid");
		expect(await page.locator("p b").innerText()).toBe("paid");
		// the line breaks of the text, and nothing of JSON
		expect(await page.locator("p").innerHTML()).toBe("\n\tOrder 7 is <b>paid</b>\n");

		if (guide.hidesButton) await page.locator("button").waitFor({ state: "hidden" });

		await page.evaluate(`document.querySelector("p b").textContent = "stale"`);
		await reset(gateway);
		await says(page, "Order 7 is paid");
		expect(errors).toEqual([]);
	}, 60_000);
});

describe("the guide's page for htmx 4, which uses no EventSource,", () => {
	it("continues where it was when its stream reaches the end of its life", async () => {
		const [, guide] = GUIDES as [Guide, Guide];
		const log =
			"addEventListener('sse.open', e => (window.opens ??= []).push(JSON.parse(e.detail.data).resumed));";
		const { page } = await openPage(guide, { timeout: 500 }, log);
		await eventually(
			async () => expect(await page.evaluate("window.opens?.slice(0, 2)")).toEqual([false, true]),
			PATIENCE
		);
	}, 60_000);
});

describe("the guide's page for Datastar's own client", () => {
	it("shows what is sent to it", async () => {
		const guide = { name: "", document: "datastar", snippet: "get", files: DATASTAR };
		const { gateway, page, errors } = await openPage(guide);
		await eventually(() => expect(gateway.held.streams).toBe(1), PATIENCE);
		await page.click("text=Pay");
		await says(page, "Order 7 is paid");
		expect(errors).toEqual([]);
	}, 60_000);
});
