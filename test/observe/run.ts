/**
 * Real Prometheus, which scrapes a real cluster of two gateways and two senders: each alert of `observability` is silent in
 * quiet operation and fired by a fault, and each query of the dashboard has data.
 *
 *     npm run test:observe -- [--fault <part of its name>]
 *
 * Prints fault, alert and panel of each proof; the same table is in docs/production/monitoring.md.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Size } from "../chaos/faults/fault.ts";
import { createRandom } from "../chaos/random.ts";
import { play } from "../chaos/scenario.ts";
import { SHORT } from "../chaos/sizes.ts";
import { type Bus, Stage } from "../chaos/stage.ts";
import { eventually } from "../support/eventually.ts";
import { ALERTS, PANELS } from "../support/observability.ts";
import { bringPrograms } from "../support/processes/programs.ts";
import { openRabbitMq, type RabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { GATEWAY_OPTIONS } from "./faults.ts";
import { bringPrometheus, checkRules, Prometheus } from "./prometheus.ts";
import { PROOFS, type Proof, proofRows } from "./proofs.ts";
import { firedDuring, untilSilent } from "./watch.ts";

const SIZE: Size = { ...SHORT, clients: 20, rate: 50, killed: 5000, alarmed: [9000], cutOff: 6000 };
/** Milliseconds: of quiet operation, within which an alert has to fire after its fault, and to fall silent. */
const QUIET = 20_000;
const PATIENCE = 30_000;
const SILENCE = 90_000;

const { values } = parseArgs({ options: { fault: { type: "string", default: "" } } });
const proofs = PROOFS.filter(({ fault }) => fault.name.includes(values.fault));
const isWhole = proofs.length === PROOFS.length;

const began = Date.now();
let broken = 0;
const programs = await bringPrograms();
const prometheusPrograms = await bringPrometheus();
tell("promtool: the rules, and their tests", () => checkRules(prometheusPrograms));
const prometheus = await Prometheus.start(prometheusPrograms);
try {
	for (const bus of ["stream", "default"] as const) {
		const onBus = proofs.filter(proof => proof.bus === bus);
		if (onBus.length > 0) await proveOn(bus, onBus);
	}
	if (isWhole) await proveQueries();
} finally {
	await prometheus.stop();
}
const rest = ALERTS.filter(({ name }) => !PROOFS.some(({ alerts }) => alerts.includes(name)));
for (const { name } of rest) fail(`${name} has no fault`);
console.log(
	`\n${proofRows(proofs)
		.map(row => row.join(" → "))
		.join("\n")}`
);
console.log(`${broken === 0 ? "ok" : `${broken} broken`}, ${seconds(Date.now() - began)}`);
process.exit(broken === 0 ? 0 : 1);

async function proveOn(bus: Bus, onBus: readonly Proof[]): Promise<void> {
	const rabbitmq = await openRabbitMq(programs.rabbitmq);
	let stage: Stage | undefined;
	try {
		await rabbitmq.start();
		const { nginx } = programs;
		const gatewayOptions = GATEWAY_OPTIONS;
		stage = await Stage.start({ bus, rabbitmq, nginx, observed: true, gatewayOptions });
		await untilScraped(stage);
		await proveSilence(stage);
		for (const proof of onBus) await prove(stage, rabbitmq, proof);
	} catch (error) {
		fail((error as Error).message);
		if (stage) console.log(stage.output);
	} finally {
		prometheus.target([]);
		await stage?.stop();
		await rabbitmq.stop();
	}
}

async function untilScraped({ gateways, senders }: Stage): Promise<void> {
	const ports = [...gateways, ...senders].flatMap(({ metrics }) => metrics ?? []);
	prometheus.target(ports);
	const scraped = async () => {
		const reached = await prometheus.reached();
		if (reached !== ports.length) throw new Error(`${reached} of ${ports.length} are reached`);
	};
	await eventually(scraped, { timeout: PATIENCE, interval: 500 });
}

/** Clients come, are sent to, and stay. */
async function proveSilence(stage: Stage): Promise<void> {
	const clients = await stage.clients(SIZE.clients);
	await untilSilent(prometheus, SILENCE);
	const sending = { rate: SIZE.rate, sessions: SIZE.clients };
	const quiet = () => stage.sendDuring(sending, () => sleep(QUIET));
	const fired = await firedDuring(prometheus, quiet, [], 0);
	for (const client of clients) client.close();
	report(`quiet operation, ${stage.bus} bus`, fired.size === 0, `fired: ${[...fired]}`);
}

async function prove(stage: Stage, rabbitmq: RabbitMq, proof: Proof): Promise<void> {
	const { fault, alerts } = proof;
	if (fault.needsControl && !rabbitmq.controllable) {
		console.log(`skipped: ${fault.name}: RabbitMQ is not ours to stop`);
		return;
	}
	await untilSilent(prometheus, SILENCE, alerts);
	const happen = () => play(stage, fault, SIZE, createRandom(1));
	const fired = await firedDuring(prometheus, happen, alerts, PATIENCE);
	const missing = alerts.filter(name => !fired.has(name));
	const others = [...fired].filter(name => !alerts.includes(name));
	report(
		`${fault.name} → ${alerts.join(", ")}${others.length > 0 ? ` (and ${others.join(", ")})` : ""}`,
		missing.length === 0,
		`silent: ${missing}`
	);
}

/** As Grafana asks, with all nodes chosen. */
async function proveQueries(): Promise<void> {
	for (const { title, queries } of PANELS) {
		for (const query of queries) {
			const asked = query.replaceAll("$node", ".*").replaceAll("$__rate_interval", "5s");
			const count = await prometheus.countValues(asked, began).catch(error => {
				fail(error.message);
				return 0;
			});
			if (count === 0) fail(`panel "${title}" has no data: ${asked}`);
		}
	}
	console.log(`${PANELS.length} panels were asked for their data`);
}

function tell(what: string, holds: () => void): void {
	try {
		holds();
		report(what, true, "");
	} catch (error) {
		const { message, stderr = "", stdout = "" } = error as Error & Record<string, unknown>;
		report(what, false, `${message}\n${stdout}\n${stderr}`);
	}
}

function report(what: string, holds: boolean, why: string): void {
	if (holds) console.log(`ok: ${what} (at ${seconds(Date.now() - began)})`);
	else fail(`${what}: ${why}`);
}

function fail(what: string): void {
	broken++;
	console.log(`BROKEN: ${what}`);
}

function seconds(time: number): string {
	return `${Math.round(time / 1000)} s`;
}
