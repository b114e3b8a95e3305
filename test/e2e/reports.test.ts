import { readdirSync, readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { HEADER, orderLine } from "../../services/reports/order-lines.ts";
import { launchChromium } from "../support/chromium.ts";
import { type Client, connect } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { callApi } from "../support/example.ts";
import { ExampleNodes } from "../support/example-nodes.ts";
import { openRabbitMq } from "../support/rabbitmq.ts";
import "../support/provided.ts";

const NAMES = ["report-progress", "report-ready", "report-failed"];
/** Nodes are processes, and the machine may be busy. */
const PATIENT = { timeout: 45_000, interval: 50 };

interface Progress {
	reportId: string;
	done: number;
	orders: number;
	node: string;
}

interface Ready {
	reportId: string;
	bytes: number;
	node: string;
}

function csv(reportId: string, orders: number): string {
	const lines = Array.from({ length: orders }, (_, n) => orderLine(reportId, n + 1));
	return HEADER + lines.join("");
}

const progressOf = ({ events }: Client): Progress[] =>
	events.filter(({ event }) => event === "report-progress").map(({ data }) => data as Progress);
const readyOf = ({ events }: Client): Ready[] =>
	events.filter(({ event }) => event === "report-ready").map(({ data }) => data as Ready);

/** Asks for a report as the page does, and answers its id. */
async function create(url: string, session: string, orders: number): Promise<string> {
	const { status, body } = await callApi<{ reportId: string }>(`${url}/api/reports`, session, {
		orders
	});
	expect(body).toHaveProperty("reportId");
	expect(status).toBe(200);
	return body.reportId;
}

/** Downloads a report through the gateway; a node that does not answer takes seconds. */
async function fetchReport(url: string, session: string, reportId: string) {
	const headers = { Cookie: `sid=${session}` };
	const response = await fetch(`${url}/api/reports/${reportId}`, { headers });
	return { status: response.status, headers: response.headers, body: await response.text() };
}

async function download(url: string, session: string, reportId: string): Promise<string> {
	const { status, body } = await fetchReport(url, session, reportId);
	expect(status).toBe(200);
	return body;
}

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

/** Notes each value that the page's progress bar takes, and where the parts of the page stand. */
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
	it("leaves it to another: on the page it never goes back, is ready once, and the file is whole", async () => {
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
	it("are made by both workers, each once, and whole", async () => {
		const nodes = new ExampleNodes({ REPORT_STEP_MS: "50" });
		const url = await nodes.gateway("gateway-1");
		await Promise.all([nodes.worker("business-1"), nodes.worker("business-2")]);
		await nodes.served(url);
		const client = await connect(url, "A", NAMES);
		const ids = await Promise.all(Array.from({ length: 10 }, () => create(url, "A", 1000)));
		await eventually(() => expect(readyOf(client)).toHaveLength(10), PATIENT);

		expect(new Set(readyOf(client).map(({ reportId }) => reportId))).toEqual(new Set(ids));
		expect(new Set(readyOf(client).map(({ node }) => node)).size).toBe(2);
		for (const id of ids) expect(await download(url, "A", id)).toBe(csv(id, 1000));
		// each was begun once, and has come to its end
		for (const id of ids) expect(nodes.attempts(id)).toBe(1);
		expect(progressOf(client)).toHaveLength(40);
		expect(await nodes.waiting()).toBe(0);
	});
});

describe("a worker that stops in the middle of a report", () => {
	it("gives it back at once, and stops; another makes it", async () => {
		const nodes = new ExampleNodes({ REPORT_STEP_MS: "300" });
		const url = await nodes.gateway("gateway-1");
		const first = await nodes.worker("business-1");
		await nodes.served(url);
		const client = await connect(url, "A", NAMES);
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
		expect(await download(url, "A", id)).toBe(csv(id, 2000));
	});
});

describe("a report whose maker has died", () => {
	it("is there all the same, though its gateway has not noticed yet", async () => {
		const nodes = new ExampleNodes({ REPORT_STEP_MS: "1" });
		const url = await nodes.gateway("gateway-1");
		const maker = await nodes.worker("business-1");
		await nodes.served(url);
		const client = await connect(url, "A", NAMES);
		const id = await create(url, "A", 20_000);
		await eventually(() => expect(readyOf(client)).toHaveLength(1), PATIENT);
		await nodes.worker("business-2");
		maker.kill("SIGKILL");
		// one of two is asked of the one that is dead
		for (let n = 0; n < 2; n++) {
			const { status, headers, body } = await fetchReport(url, "A", id);
			expect(status).toBe(200);
			expect(headers.get("content-type")).toBe("text/csv; charset=utf-8");
			expect(body).toBe(csv(id, 20_000));
		}
	});
});

describe("messages in the queue that are no jobs", () => {
	it("are logged and dropped, not worked for ever, and the jobs after them are done", async () => {
		const nodes = new ExampleNodes({ REPORT_STEP_MS: "1" });
		const url = await nodes.gateway("gateway-1");
		const worker = await nodes.worker("business-1");
		await nodes.served(url);
		const client = await connect(url, "A", NAMES);
		const foreign = [
			"not JSON",
			"",
			"null",
			"[]",
			'{"text":"of another program"}',
			'{"reportId":"../../etc/passwd","sessionId":"A","orders":1}',
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

describe("RabbitMQ that goes while a job is worked and another waits, and comes back", () => {
	for (const how of ["stopped in order", "crashed"] as const) {
		it(`has lost neither: ${how}`, async ({ skip }) => {
			const rabbitmq = await openRabbitMq(inject("programs").rabbitmq);
			skip(!rabbitmq.controllable, "AMQP_URL names a RabbitMQ that is not this test's to stop");
			await rabbitmq.start();
			onTestFinished(() => rabbitmq.stop());
			const nodes = new ExampleNodes({ REPORT_STEP_MS: "500" }, rabbitmq.url);
			const url = await nodes.gateway("gateway-1");
			const worker = await nodes.worker("business-1");
			await nodes.served(url);
			const client = await connect(url, "A", NAMES);
			const [worked, waits] = [await create(url, "A", 5000), await create(url, "A", 500)];
			await eventually(() => expect(progressOf(client).length).toBeGreaterThan(0), PATIENT);
			if (how === "crashed") await rabbitmq.crash();
			else await rabbitmq.stop({ keepData: true });
			// meanwhile a report is refused, and the worker tries to reach RabbitMQ again
			const refused = await callApi(`${url}/api/reports`, "A", { orders: 1 });
			expect(refused.status).toBeGreaterThanOrEqual(502);
			await worker.waitFor(/Connection with AMQP mixin is failed/);
			await rabbitmq.start();

			await nodes.served(url);
			await eventually(
				async () => {
					const { body } = await callApi<{ reportId: string }[]>(`${url}/api/reports`, "A");
					const ready = body.map(({ reportId }) => reportId);
					expect(new Set(ready)).toEqual(new Set([worked, waits]));
				},
				{ ...PATIENT, interval: 200 }
			);
			expect(await download(url, "A", worked)).toBe(csv(worked, 5000));
			expect(await download(url, "A", waits)).toBe(csv(waits, 500));
			await eventually(async () => expect(await nodes.waiting()).toBe(0), PATIENT);
			expect(worker.ended).toBeNull();
			// the one that was worked was let go of with the connection over which it had come
			expect(nodes.attempts(worked)).toBe(2);
			expect(nodes.attempts(waits)).toBe(1);
		}, 150_000);
	}
});
