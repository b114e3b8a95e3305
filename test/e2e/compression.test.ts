import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Browser } from "playwright-core";
import { launchChromium } from "../support/clients/chromium.ts";
import { startGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";

let browser: Browser;
beforeAll(async () => {
	browser = await launchChromium(inject("programs").chromium);
});
afterAll(() => browser?.close());

it("a browser reads a compressed stream event by event, through its end and its reconnect", async () => {
	const gateway = await startGateway({
		sse: { compression: { threshold: 200 }, timeout: 1500, heartbeat: 100, retry: [50, 100] }
	});
	const encodings: unknown[] = [];
	gateway.service.server.on("request", (_, res) =>
		res.once("finish", () => encodings.push(res.getHeader("Content-Encoding")))
	);
	const page = await browser.newPage();
	onTestFinished(() => page.close());
	await page.goto(gateway.url());
	await page.evaluate(() => {
		const source = new EventSource("/sse/event-stream?eventName=news");
		const seen = { news: [] as string[], opens: 0, heartbeats: 0, resets: 0 };
		Object.assign(globalThis, { seen });
		source.addEventListener("news", event =>
			seen.news.push(JSON.parse((event as unknown as { data: string }).data))
		);
		source.addEventListener("sse.open", () => seen.opens++);
		source.addEventListener("sse.heartbeat", () => seen.heartbeats++);
		source.addEventListener("sse.reset", () => seen.resets++);
	});
	const got = (what: string) => page.waitForFunction(what);
	await got("seen.opens > 0");
	const texts = Array.from({ length: 60 }, (_, n) => `${n}:${"żółć".repeat((n * 37) % 500)}`);
	for (const [n, payload] of texts.entries()) {
		await gateway.send({ eventName: "news", sessionId: "*", payload });
		// through more than one life of the stream, and each at once
		if (n % 3 === 0) await got(`seen.news.length === ${n + 1}`);
		if (n % 10 === 0) await new Promise(resolve => setTimeout(resolve, 400));
	}
	await got("seen.news.length >= 60 && seen.opens > 1 && seen.heartbeats > 0");

	const { news, resets } = (await page.evaluate("seen")) as { news: string[]; resets: number };
	expect(news).toEqual(texts);
	expect(resets).toBe(0);
	expect(encodings).toContain("gzip");
});
