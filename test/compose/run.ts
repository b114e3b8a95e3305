/**
 * The example of the Compose file, from the building of its image to its end, with faults on the way:
 *
 *     npm run test:compose
 *
 * Exits with 1 unless every EventSource went on after each fault and got every price, once, and three business containers made
 * the reports together; also where there is no Docker with Compose, which it says.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CLOSED, Tab } from "../proxies/tab.ts";
import { launchChromium } from "../support/clients/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/processes/ports.ts";
import { locateChromium } from "../support/processes/programs.ts";
import { Compose, locateCompose } from "./compose.ts";
import { makeReports } from "./reports.ts";

const SOURCES = 4;
/** Milliseconds within which everything is healthy, and within which everything continues after a fault. */
const BOOT = 5 * 60_000;
const PATIENCE = 60_000;
/** Milliseconds without any gateway. */
const AWAY = 10_000;

const engine = await locateCompose();
if (typeof engine === "string") fail(`test:compose has nothing to run on: ${engine}`);
const chromium = await locateChromium();
if (chromium === null) fail("test:compose needs a Chromium: install it, or set CHROMIUM_PATH");

console.log(`Compose ${engine.version}`);
const compose = new Compose(engine, await freePort(), await freePort());
let broken = 0;
try {
	console.log("building, and bringing everything up");
	await compose.up();
	await eventually(healthy, { timeout: BOOT, interval: 1000 });
	console.log(`healthy at ${compose.origin}`);
	await play(chromium);
} catch (error) {
	broken++;
	console.log((error as Error).message);
	console.log(await compose.run("logs", "--no-color", "--tail", "40").catch(String));
} finally {
	console.log("taking everything down");
	await compose.down();
}
console.log(broken === 0 ? "ok" : `${broken} broken`);
process.exit(broken === 0 ? 0 : 1);

/** All containers say so, nginx serves the page from a gateway, and the gateway reaches the others. */
async function healthy(): Promise<void> {
	const ailing = await compose.ailing();
	if (ailing.length > 0) throw new Error(`not healthy: ${ailing.join(", ")}`);
	for (const path of ["/", "/api/health"]) {
		const { status } = await fetch(compose.origin + path);
		if (status !== 200) throw new Error(`${path} is answered ${status}`);
	}
}

async function play(chromiumPath: string): Promise<void> {
	const browser = await launchChromium(chromiumPath);
	const path = "/sse/event-stream?eventName=price";
	const open = (url: string, count: number): Promise<Tab> =>
		Tab.open(
			browser,
			`${compose.origin}/api/health`,
			Array(count).fill({ url, eventName: "price" })
		);
	try {
		const tab = await open(path, SOURCES);
		await tell("all open", () => goOn(tab));
		await tell("the inspector, for this machine only", async () => {
			const [own, proxied] = [compose.inspector, `${compose.origin}/inspector`];
			const answers = await Promise.all([own, proxied].map(async url => (await fetch(url)).status));
			if (String(answers) !== "200,403") throw new Error(`${own}, ${proxied}: ${answers}`);
		});
		await fault("one gateway stopped", tab, ["stop", "gateway-1"], ["start", "gateway-1"]);
		await fault("one gateway killed", tab, ["kill", "gateway-2"], ["start", "gateway-2"]);
		await fault("RabbitMQ restarted", tab, ["restart", "rabbitmq"]);
		await compose.run("up", "--detach", "--scale", "business=3", "business");
		await tell("reports spread over three business containers", async () => {
			// a container that has just started takes its share of the next ones
			await eventually(
				async () => {
					const makers = await makeReports(compose.origin, 9);
					if (makers.size < 3) throw new Error(`all were made by ${[...makers]}`);
				},
				{ timeout: 3 * PATIENCE, interval: 1000 }
			);
		});
		await compose.run("down");
		await compose.run("up", "--detach");
		await eventually(healthy, { timeout: BOOT, interval: 1000 });
		await tell("everything taken down, and up again on its volumes", () => goOn(tab));
		await compose.run("kill", "gateway-1", "gateway-2");
		await sleep(AWAY);
		await compose.run("start", "gateway-1", "gateway-2");
		await tell("both gateways killed, and back", () => goOn(tab));

		// a client that comes back with the id of a source's first price gets everything that followed
		for (const [at, { events, resets }] of (await tab.sources()).entries()) {
			const [first, ...others] = events.map(({ id }) => id);
			const witness = await open(`${path}&lastEventId=${first}`, 1);
			await tell(
				`EventSource ${at + 1}: ${events.length} prices, each once, no reset`,
				async () => {
					if (resets.length > 0) throw new Error(`it was reset: ${resets}`);
					await eventually(async () => {
						const ids = (await witness.sources())[0]?.events.map(({ id }) => id) ?? [];
						const expected = ids.slice(0, others.length);
						if (String(others) === String(expected)) return;
						throw new Error(`it got ${events.length - 1} prices, and should have ${ids.length}`);
					});
				}
			);
			await witness.close();
		}
	} finally {
		await browser.close();
	}
}

async function fault(
	what: string,
	tab: Tab,
	begin: readonly string[],
	end?: readonly string[]
): Promise<void> {
	await compose.run(...begin);
	await tell(what, () => goOn(tab));
	if (end) await compose.run(...end);
}

/** Waits until every source has got two more prices. */
async function goOn(tab: Tab): Promise<void> {
	const counts = (await tab.sources()).map(({ events }) => events.length);
	await eventually(
		async () => {
			for (const [at, { events, state }] of (await tab.sources()).entries()) {
				if (state === CLOSED) throw new Error(`EventSource ${at + 1} has given up`);
				if (events.length < (counts[at] ?? 0) + 2)
					throw new Error(`EventSource ${at + 1} gets none`);
			}
		},
		{ timeout: PATIENCE, interval: 200 }
	);
}

/** One line of the result; a failure does not keep the others from being played. */
async function tell(what: string, holds: () => Promise<void>): Promise<void> {
	const began = performance.now();
	try {
		await holds();
		console.log(`ok: ${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
	} catch (error) {
		broken++;
		console.log(`BROKEN: ${what}: ${(error as Error).message}`);
	}
}

function fail(message: string): never {
	console.log(message);
	process.exit(1);
}
