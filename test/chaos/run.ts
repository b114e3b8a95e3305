/**
 * Every fault at length, on both buses, and a table of what came of it:
 *
 *     npm run test:chaos -- [--bus stream|default] [--fault <part of its name>] [--seed <number>] [--short]
 */
import { parseArgs } from "node:util";
import { bringPrograms } from "../support/processes/programs.ts";
import { openRabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import type { Fault } from "./faults/fault.ts";
import { FAULTS } from "./faults/index.ts";
import { createRandom } from "./random.ts";
import { type Outcome, play } from "./scenario.ts";
import { LONG, SHORT } from "./sizes.ts";
import { type Bus, Stage } from "./stage.ts";

const { values } = parseArgs({
	options: {
		bus: { type: "string" },
		fault: { type: "string", default: "" },
		seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
		short: { type: "boolean", default: false }
	}
});
const size = values.short ? SHORT : LONG;
const buses = (["stream", "default"] as const).filter(bus => !values.bus || bus === values.bus);
const faults = FAULTS.filter(({ name }) => name.includes(values.fault));

const programs = await bringPrograms();
console.log(`seed ${values.seed}, ${size.rate} events/s to ${size.clients} clients`);
let failed = 0;
const rows: string[][] = [];
for (const bus of buses) {
	for (const fault of faults) {
		if (fault.promised[bus] === undefined) continue;
		const row = await run(bus, fault).catch((error: Error) => {
			failed++;
			// a node that ended says why in its output
			console.log(error.message);
			return [bus, fault.name, "failed", error.message.split("\n", 1)[0] ?? ""];
		});
		rows.push(row);
		console.log(row.join(" | "));
	}
}
print([head(), ...rows]);
process.exit(failed > 0 ? 1 : 0);

async function run(bus: Bus, fault: Fault): Promise<string[]> {
	const rabbitmq = await openRabbitMq(programs.rabbitmq);
	if (fault.needsControl && !rabbitmq.controllable) {
		return [bus, fault.name, "skipped", "RabbitMQ is not ours to stop"];
	}
	let stage: Stage | undefined;
	try {
		await rabbitmq.start();
		const { nginx } = programs;
		const { maxBytes } = fault;
		stage = await Stage.start({ bus, rabbitmq, nginx, ...(maxBytes && { maxBytes }) });
		const outcome = await play(stage, fault, size, createRandom(Number(values.seed)));
		if (outcome.broken.length > 0) {
			failed++;
			console.log(outcome.broken.slice(0, 10).join("\n"));
			console.log(stage.output);
		}
		for (const remark of outcome.verdict.remarks.slice(0, 10)) console.log(remark);
		return [bus, fault.name, ...cells(outcome)];
	} finally {
		await stage?.stop();
		await rabbitmq.stop();
	}
}

function head(): string[] {
	const counts = ["events", "delivered", "rejected", "lost", "told", "resets", "needless"];
	return [
		"bus",
		"fault",
		"",
		"promised",
		...counts,
		"groundless",
		"repeats",
		"recovery",
		"longest gap"
	];
}

function cells({ broken, promised, verdict, posted, recovery, longestGap }: Outcome): string[] {
	const { events, delivered, lost, told, resets, needless, groundless, repeats } = verdict;
	const counts = [events, delivered, posted.rejected, lost, told, resets, needless];
	const seconds = (ms: number) => (Number.isFinite(ms) ? `${(ms / 1000).toFixed(1)} s` : "–");
	return [
		broken.length === 0 ? "kept" : "BROKEN",
		promised,
		...[...counts, groundless, repeats].map(String),
		seconds(recovery),
		seconds(longestGap)
	];
}

function print(table: readonly string[][]): void {
	const widths = (table[0] ?? []).map((_, column) =>
		Math.max(...table.map(row => row[column]?.length ?? 0))
	);
	for (const row of table) {
		console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
	}
}
