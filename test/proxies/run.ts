/**
 * Streams through the proxies that the documentation has configurations for, and a table of what came of them:
 *
 *     npm run test:proxies -- [part of a proxy's name]… [--write]
 *
 * With --write the table of a run of all of them goes into docs/proxies.md. Exits with 1 unless each is sound.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { launchChromium } from "../support/clients/chromium.ts";
import { freePorts } from "../support/processes/ports.ts";
import { bringPrograms } from "../support/processes/programs.ts";
import { openRabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { type Brought, bringProxies } from "./bring.ts";
import { DEV_SERVERS } from "./dev-servers.ts";
import { type RunningProxy, startProxy } from "./proxy.ts";
import { isSound, markdownTable, type Result, table } from "./report.ts";
import { play } from "./scenario.ts";
import { SERVERS } from "./servers.ts";
import { Stage } from "./stage.ts";

const PAGE = "docs/proxies.md";
const MARKS = ["<!-- results -->", "<!-- /results -->"] as const;

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { write: { type: "boolean", default: false } }
});
const parts = positionals.map(part => part.toLowerCase());
const kinds = [...SERVERS, ...DEV_SERVERS].filter(
	({ name }) => parts.length === 0 || parts.some(part => name.toLowerCase().includes(part))
);
if (kinds.length === 0) {
	console.log("no proxy is called that");
	process.exit(1);
}

const programs = await bringPrograms();
const brought = await bringProxies(kinds);
const rabbitmq = await openRabbitMq(programs.rabbitmq);
await rabbitmq.start();
const browser = await launchChromium(programs.chromium);
const results: Result[] = [];
for (const each of brought) {
	const result = await run(each);
	results.push(result);
	console.log(`${result.name}: ${isSound(result) ? "ok" : "BROKEN"}`);
}
await browser.close();
await rabbitmq.stop();

console.log(`\n${table(results)}\n`);
if (values.write && positionals.length === 0) write();
const broken = results.filter(result => !isSound(result));
console.log(`${results.length - broken.length} ok, ${broken.length} broken`);
process.exit(broken.length > 0 ? 1 : 0);

async function run(each: Brought): Promise<Result> {
	const { name } = each.kind;
	if ("missing" in each) return { name, version: "", findings: each.missing };
	const ports = await freePorts(each.kind.gateways);
	const addresses = ports.map(port => ({ host: "127.0.0.1", port }));
	const stage = new Stage(rabbitmq.url, addresses);
	let proxy: RunningProxy | undefined;
	try {
		await stage.start();
		proxy = await startProxy(each.kind, each.path, addresses);
		const result = {
			name,
			version: each.version,
			findings: await play(stage, browser, proxy.origin)
		};
		if (!isSound(result)) console.log(proxy.process.failure("was not sound").message);
		return result;
	} catch (error) {
		console.log(proxy?.process.failure("failed").message ?? "");
		console.log((error as Error).message);
		return { name, version: each.version, findings: (error as Error).message };
	} finally {
		await proxy?.stop();
		await stage.stop();
	}
}

function write(): void {
	const [begin, end] = MARKS;
	const text = readFileSync(PAGE, "utf8");
	const [before, rest = ""] = text.split(begin);
	const [, after = ""] = rest.split(end);
	writeFileSync(PAGE, `${before}${begin}\n\n${markdownTable(results)}\n\n${end}${after}`);
}
