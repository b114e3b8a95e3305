import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { expect, it } from "@jest/globals";
import { firefoxProfile } from "../support/clients/firefox-profile.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { spawnProcess } from "../support/processes/process.ts";
import { inject } from "../support/provided.ts";
import { skip } from "../support/skip.ts";

/** Reports to the gateway, by itself, whatever its EventSource gets. */
const PAGE = `<!doctype html><script>
	const source = new EventSource("/sse/event-stream?eventName=news");
	const tell = ({ type, data }) => fetch("/api/told", { method: "POST", body: type + " " + data });
	for (const name of ["news", "sse.open", "sse.reset", "sse.heartbeat"]) source.addEventListener(name, tell);
</script>`;

it("Firefox reads a compressed stream event by event, through its end and its reconnect", async () => {
	const { firefox } = inject("programs");
	if (firefox === null) skip("no Firefox on the PATH, and none could be installed");

	const told: string[] = [];
	const got = (type: string) => told.filter(line => line.startsWith(`${type} `));
	const gateway = await startGateway({
		sse: { compression: { threshold: 200 }, timeout: 1500, heartbeat: 300, retry: [50, 100] },
		settings: {
			routes: [
				{
					path: "/api",
					aliases: {
						"GET /page": (_req: IncomingMessage, res: ServerResponse) => {
							res.setHeader("Content-Type", "text/html").end(PAGE);
						},
						"POST /told": async (req: IncomingMessage, res: ServerResponse) => {
							told.push(await text(req));
							res.end();
						}
					},
					bodyParsers: false
				}
			]
		}
	});
	const encodings: unknown[] = [];
	gateway.service.server.on("request", (_, res) => {
		res.once("finish", () => {
			if (res.getHeader("Content-Type") !== "text/event-stream") return;
			encodings.push(res.getHeader("Content-Encoding"));
		});
	});
	const profile = firefoxProfile();
	const browser = spawnProcess(
		firefox,
		["--headless", "--no-remote", "--profile", profile.path, `${gateway.origin}/api/page`],
		{ env: { HOME: profile.path, MOZ_CRASHREPORTER_DISABLE: "1" } }
	);
	onTestFinished(async () => {
		await browser.stop();
		await profile.remove();
	});
	await eventually(() => expect(got("sse.open").length).toBeGreaterThan(0), { timeout: 60_000 });

	const texts = Array.from({ length: 30 }, (_, n) => `${n}:${"żółć".repeat((n * 37) % 500)}`);
	for (const [n, payload] of texts.entries()) {
		await gateway.send({ eventName: "news", sessionId: "*", payload });
		// through more than one life of the stream
		if (n % 10 === 0) await new Promise(resolve => setTimeout(resolve, 1000));
	}
	await eventually(
		() => {
			// its posts may overtake each other
			expect(got("news").sort()).toEqual(texts.map(each => `news ${JSON.stringify(each)}`).sort());
			expect(got("sse.open").length).toBeGreaterThan(1);
			expect(got("sse.heartbeat").length).toBeGreaterThan(0);
		},
		{ timeout: 15_000 }
	);
	expect(got("sse.reset")).toEqual([]);
	expect(new Set(encodings)).toEqual(new Set(["gzip"]));
}, 120_000);
