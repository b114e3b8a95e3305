/**
 * The matrix of transporters, Moleculer releases and scenarios, and a table of what came of it:
 *
 *     npm run test:transporters -- [transporter or part of a variant…] [--moleculer <version>]…
 *         [--scenario <part of its name>]… [--jobs <stages at a time>] [--within <seconds>] [--minutes <at most>]
 *         [--plain (Moleculer's defaults alone)] [--logs] [--list]
 *         [--write]
 *
 * With --write what all runs have found, each cell at its last, becomes docs/transporters.md.
 * Exits with 1 unless every cell is ok or a limit of Moleculer's own.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { playJob, type Result } from "./job.ts";
import { jobsOf, serversOf } from "./matrix.ts";
import { page } from "./page.ts";
import { inPool } from "./pool.ts";
import { bringMoleculer } from "./releases.ts";
import { explanation, line, summary, table } from "./report.ts";
import { FILE, keepResults } from "./results-file.ts";
import { bringServers } from "./servers/bring.ts";
import { Shelf } from "./servers/shelf.ts";

const PAGE = "docs/transporters.md";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		moleculer: { type: "string", multiple: true, default: [] },
		scenario: { type: "string", multiple: true, default: [] },
		jobs: { type: "string", default: "8" },
		within: { type: "string", default: "20" },
		minutes: { type: "string", default: "40" },
		plain: { type: "boolean", default: false },
		logs: { type: "boolean", default: false },
		write: { type: "boolean", default: false },
		list: { type: "boolean", default: false }
	}
});

const jobs = jobsOf({
	names: positionals,
	versions: values.moleculer,
	scenarios: values.scenario,
	plain: values.plain
});
const count = jobs.reduce((sum, { scenarios }) => sum + scenarios.length, 0);
console.log(`${count} cells on ${jobs.length} stages`);
if (values.list) {
	for (const { transporter, version, variant, scenarios } of jobs) {
		const names = scenarios.map(({ name }) => name).join(", ");
		console.log([transporter, version, variant.name, names].filter(Boolean).join(" | "));
	}
	process.exit(0);
}
if (count === 0) {
	console.log("nothing of the matrix is called that");
	process.exit(1);
}

const shelf = new Shelf(await bringServers(serversOf(jobs)));
// one after the other, before any stage waits for one
for (const { version, variant } of jobs) {
	await bringMoleculer(version);
	if (variant.senders !== undefined) await bringMoleculer(variant.senders);
}

const results: Result[] = [];
const conditions = {
	shelf,
	within: Number(values.within) * 1000,
	showLogs: values.logs
};
const deadline = Date.now() + Number(values.minutes) * 60_000;
const tell = (result: Result): void => {
	results.push(result);
	if (result.outcome !== "skipped") console.log(line(result).split("\n", 1)[0]);
};
let unplayed = 0;
await inPool(
	jobs.map(job => async () => {
		if (Date.now() < deadline) await playJob(job, conditions, tell);
		else unplayed += job.scenarios.length;
	}),
	Number(values.jobs)
);
await shelf.stop();

console.log(`\n${table(results)}\n\n${explanation(results)}\n`);
const all = keepResults(results);
if (values.write) writeFileSync(PAGE, page(all, process.version));
if (unplayed > 0) console.log(`${unplayed} cells were not played: the time was up`);
console.log(`${summary(results)}; all of it is in ${FILE}`);
process.exit(unplayed > 0 || results.some(({ outcome }) => outcome === "BROKEN") ? 1 : 0);
