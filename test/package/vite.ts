import { readFileSync } from "node:fs";
import { expect } from "@jest/globals";
import { connect } from "../support/clients/client.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { freePort } from "../support/processes/ports.ts";
import type { Project } from "./project.ts";
import { COMMAND } from "./readme.ts";

/** The configuration that docs/proxies.md shows, and what it imports. */
const [CONFIG = "", STREAMS = ""] = ["vite.config.js", "streams.js"].map(name =>
	readFileSync(`docs/proxies/${name}`, "utf8")
);

/** A page behind Vite gets its events, and is told when its gateway has crashed, or does not exist. */
export async function expectToProxy(project: Project): Promise<void> {
	const gateway = await project.start(COMMAND);
	onTestFinished(() => gateway.running.stop());
	await gateway.running.waitFor(/started successfully/);
	const port = await freePort();
	const target = gateway.origin;
	await project.write({
		"vite.config.js": CONFIG.replaceAll("http://localhost:3000", target),
		"streams.js": STREAMS
	});
	const vite = await project.start(`vite --host 127.0.0.1 --port ${port} --strictPort`);
	onTestFinished(() => vite.running.stop());
	const origin = `http://127.0.0.1:${port}`;
	await vite.running.untilReady(() => fetch(origin), 60_000);

	const page = await connect(origin, "alice", ["order-update"]);
	const order = { method: "POST", headers: { cookie: "sid=alice" } };
	expect((await fetch(`${origin}/api/orders`, order)).status).toBe(200);
	await eventually(() => expect(page.events.map(({ data }) => data)).toEqual([{ status: "paid" }]));

	gateway.running.kill("SIGKILL");
	await page.ended;
	expect(await answer(`${origin}/sse/event-stream?eventName=order-update`)).toEqual({
		status: 200,
		type: "text/event-stream",
		text: "retry: 1000\n\n"
	});
}

async function answer(url: string): Promise<{ status: number; type: string | null; text: string }> {
	const response = await fetch(url);
	return {
		status: response.status,
		type: response.headers.get("content-type"),
		text: await response.text()
	};
}
