import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../support/clients/chromium.ts";
import { connect } from "../support/clients/client.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { ExampleNodes } from "../support/processes/example-nodes.ts";
import { inject } from "../support/provided.ts";
import {
	create,
	csv,
	download,
	PATIENT,
	type Progress,
	progressOf,
	REPORT_EVENTS,
	readyOf
} from "../support/reports.ts";

let browser: Browser;
beforeAll(async () => {
	browser = await launchChromium(inject("programs").chromium);
});
afterAll(() => browser?.close());

async function openPage(url: string): Promise<Page> {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
	onTestFinished(() => context.close());
	const page = await context.newPage();
	await page.goto(url);
	await page.waitForSelector('#state[data-state="open"]');
	return page;
}

/** A gateway and a worker, as processes, and a client of the session A. */
async function startOne(stepMs: number) {
	const nodes = new ExampleNodes({ REPORT_STEP_MS: String(stepMs) });
	const url = await nodes.gateway("gateway-1");
	const worker = await nodes.worker("business-1");
	await nodes.served(url);
	const client = await connect(url, "A", REPORT_EVENTS);
	return { nodes, url, worker, client };
}

/** Records each value of the page's progress bar, and where the parts of the page are. */
const WATCH = `{
	window.values = [];
	window.places = new Set();
	const watch = () => {
		const bar = document.querySelector("#reports progress");
		if (bar && window.values.at(-1) !== bar.value) window.values.push(bar.value);
		const tops = [...document.querySelectorAll("#reports, #create-report, #report-error, #filters, #events")]
			.map(({ id, offsetTop, offsetLeft }) => [id, offsetTop, offsetLeft].join(" "));
		window.places.add(tops.join("; "));
		requestAnimationFrame(watch);
	};
	watch();
}`;

describe("a worker that is killed in the middle of a report", () => {
	it("leaves it to another: on the page it never goes back, is ready once, and the file is complete", async () => {
		const nodes = new ExampleNodes({ REPORT_STEP_MS: "300" });
		const url = await nodes.gateway("gateway-1");
		const workers = new Map([
			["business-1", await nodes.worker("business-1")],
			["business-2", await nodes.worker("business-2")]
		]);
		await nodes.served(url);
		const page = await openPage(url);
		await page.evaluate(WATCH);
		await page.click("#create-report");
		const row = page.locator("#reports li");
		const working = async (done: number): Promise<string> => {
			const text = (await row.locator(".status").textContent()) ?? "";
			const [, at, node] = /^(\d+) of 5000 orders · (\S+)$/.exec(text) ?? [];
			expect(Number(at)).toBeGreaterThanOrEqual(done);
			return node as string;
		};
		const killed = await eventually(() => working(1000), PATIENT);
		workers.get(killed)?.kill("SIGKILL");
		workers.delete(killed);
		const [survivor] = [...workers.keys()];
		await page.waitForSelector('#reports li[data-state="ready"]', { timeout: 45_000 });

		expect(await row.locator(".status").textContent()).toContain(`made by ${survivor}`);
		const values = (await page.evaluate("window.values")) as number[];
		expect(values).toEqual([...values].sort((a, b) => a - b));
		expect(values.at(-1)).toBe(5000);
		expect((await page.evaluate("[...window.places]")) as string[]).toHaveLength(1);
		expect(await page.locator('#events li[data-event="report-ready"]').count()).toBe(1);
		// the other has begun it again
		const progress = await page
			.locator('#events li[data-event="report-progress"] code')
			.allTextContents();
		const begun = progress.map(text => JSON.parse(text) as Progress).filter(({ done }) => !done);
		expect(new Set(begun.map(({ node }) => node))).toEqual(new Set([killed, survivor]));

		const [file] = await Promise.all([page.waitForEvent("download"), row.locator("a").click()]);
		const reportId = (await row.getAttribute("data-report")) as string;
		expect(file.suggestedFilename()).toBe(`orders-${reportId.slice(0, 8)}.csv`);
		expect(readFileSync(await file.path(), "utf8")).toBe(csv(reportId, 5000));
	});
});

describe("ten reports at once", () => {
	it("are made by both workers, each once, and completely", async () => {
		const nodes = new ExampleNodes({ REPORT_STEP_MS: "50" });
		const url = await nodes.gateway("gateway-1");
		await Promise.all([nodes.worker("business-1"), nodes.worker("business-2")]);
		await nodes.served(url);
		const client = await connect(url, "A", REPORT_EVENTS);
		const ids = await Promise.all(Array.from({ length: 10 }, () => create(url, "A", 1000)));
		await eventually(() => expect(readyOf(client)).toHaveLength(10), PATIENT);

		expect(new Set(readyOf(client).map(({ reportId }) => reportId))).toEqual(new Set(ids));
		expect(new Set(readyOf(client).map(({ node }) => node)).size).toBe(2);
		for (const id of ids) expect(await download(url, "A", id)).toBe(csv(id, 1000));
		// each was begun once, and finished
		for (const id of ids) expect(nodes.attempts(id)).toBe(1);
		expect(progressOf(client)).toHaveLength(40);
		expect(await nodes.waiting()).toBe(0);
	});
});

describe("a worker that stops in the middle of a report", () => {
	it("gives it back at once, and stops; another makes it", async () => {
		const { nodes, url, worker: first, client } = await startOne(300);
		const id = await create(url, "A", 2000);
		await eventually(() => expect(progressOf(client).length).toBeGreaterThan(1), PATIENT);
		first.kill("SIGTERM");
		expect(await first.exited).toBe("code 0");
		expect(readdirSync(nodes.reports.path).filter(name => name.endsWith(".part"))).toEqual([]);
		expect(await nodes.waiting()).toBe(1);

		await nodes.worker("business-2");
		await eventually(() => expect(readyOf(client)).toHaveLength(1), PATIENT);
		await nodes.served(url);
		expect(readyOf(client)[0]).toMatchObject({ reportId: id, node: "business-2" });
		// the first one's was no attempt of the ten
		expect(nodes.attempts(id)).toBe(1);
		expect(await download(url, "A", id)).toBe(csv(id, 2000));
	});
});

describe("a report whose maker has died", () => {
	it("is still available, even if its gateway has not noticed yet", async () => {
		const { nodes, url, worker: maker, client } = await startOne(1);
		const id = await create(url, "A", 20_000);
		await eventually(() => expect(readyOf(client)).toHaveLength(1), PATIENT);
		await nodes.worker("business-2");
		maker.kill("SIGKILL");
		// one of two requests goes to the dead one
		for (let n = 0; n < 2; n++) {
			expect(await download(url, "A", id)).toBe(csv(id, 20_000));
		}
	});
});

// The job came back every second for ever; RabbitMQ 4 dropped it without a word at the 20th time.
describe("a worker whose folder cannot be used", () => {
	it("says so when it starts, and gives the report up after ten attempts, which the session is told", async () => {
		const nodes = new ExampleNodes({ REPORTS_FOLDER: "/dev/null" });
		const url = await nodes.gateway("gateway-1");
		const worker = await nodes.worker("business-1");
		expect(worker.output).toContain("REPORTS_FOLDER ('/dev/null') cannot be used: EEXIST");
		const client = await connect(url, "A", REPORT_EVENTS);
		const id = await eventually(() => create(url, "A", 250), PATIENT);
		const failed = () => client.events.filter(({ event }) => event === "report-failed");
		await eventually(() => expect(failed()).toMatchObject([{ data: { reportId: id } }]), PATIENT);
		expect(worker.output).toContain(`The report ${id} is given up after 10 attempts.`);
		await eventually(async () => expect(await nodes.waiting()).toBe(0), PATIENT);
		expect(worker.ended).toBeNull();
	});
});

describe("messages in the queue that are not jobs", () => {
	it("are logged and dropped, not retried for ever, and the jobs after them are done", async () => {
		const { nodes, url, worker, client } = await startOne(1);
		const foreign = [
			"not JSON",
			"",
			"null",
			"[]",
			`${"[".repeat(100_000)}${"]".repeat(100_000)}`,
			'{"text":"of another program"}',
			'{"reportId":"../../etc/passwd","sessionId":"A","orders":1}',
			JSON.stringify({ reportId: crypto.randomUUID(), sessionId: "*", orders: 1 }),
			JSON.stringify({ reportId: crypto.randomUUID(), sessionId: "A", orders: 1e9 })
		];
		for (const content of foreign) await nodes.publish(content);
		const id = await create(url, "A", 250);
		await eventually(() => expect(readyOf(client)).toMatchObject([{ reportId: id }]), PATIENT);

		expect(await nodes.waiting()).toBe(0);
		const dropped = worker.output.match(/is no job\. It is dropped: /g) ?? [];
		expect(dropped).toHaveLength(foreign.length);
		expect(worker.ended).toBeNull();
	});
});
