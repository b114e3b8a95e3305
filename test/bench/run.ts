/**
 * `npm run bench -- [--quick] [--record] [name]...`: measures, and prints what was found.
 *
 * Without names everything is measured, and `docs/benchmarks.md` and its plots are written anew.
 * With `--quick` it is just enough to see that all of it works. Either leaves the documents alone and
 * writes to `.tmp/bench` instead; `--record` puts the named measures into the documents.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installPeers } from "./install.ts";
import { ALL_MEASURES } from "./measures/all-measures.ts";
import type { Findings, Measure, Scale } from "./measures/measure.ts";
import { renderDocument, targetTable } from "./report/markdown.ts";
import { renderPlot } from "./report/plot.ts";
import { type Results, readResults, resultOf, writeResults } from "./report/results.ts";
import { textTable } from "./report/text.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const FULL: Scale = {
	quick: false,
	rounds: { openings: 2, rounds: 5 },
	deliveries: 100_000
};
const QUICK: Scale = {
	quick: true,
	rounds: { openings: 1, rounds: 2 },
	deliveries: 20_000
};

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { quick: { type: "boolean" }, record: { type: "boolean" } }
});
const measures = select(positionals);
const isWhole = positionals.length === 0 && !values.quick;
const document = values.record || isWhole ? "docs/benchmarks.md" : ".tmp/bench/benchmarks.md";
const folder = join(ROOT, document.replace(/\.md$/, ""));

installPeers();
const results: Results = readResults(folder);
for (const measure of measures) {
	console.log(`\n${measure.name}: ${measure.title}`);
	const began = performance.now();
	const findings = await run(measure, values.quick ? QUICK : FULL);
	results[measure.name] = resultOf(findings);
	for (const table of findings.tables) console.log(`\n${textTable(table)}`);
	for (const note of findings.notes ?? []) console.log(note);
	console.log(`(${((performance.now() - began) / 1000).toFixed(0)} s)`);
}
record();
console.log(`\n${textTable(targetTable(measures, results))}`);
console.log(`\nwritten: ${document}`);

function select(names: readonly string[]): readonly Measure[] {
	if (names.length === 0) return ALL_MEASURES;
	return names.map(name => {
		const measure = ALL_MEASURES.find(measure => measure.name === name);
		if (measure !== undefined) return measure;
		const known = ALL_MEASURES.map(({ name }) => name).join(", ");
		throw new Error(`there is no measure '${name}', but ${known}`);
	});
}

/** A measure that fails does not keep the others from being run. */
async function run(measure: Measure, scale: Scale): Promise<Findings> {
	try {
		return await measure.run(scale);
	} catch (error) {
		const reason = (error as Error).message;
		return {
			measured: measure.targets.map(() => ({ reason })),
			tables: [],
			notes: [`not measurable: ${reason}`]
		};
	}
}

function record(): void {
	mkdirSync(folder, { recursive: true });
	writeResults(folder, results);
	for (const { findings } of Object.values(results)) {
		for (const plot of findings.plots ?? []) {
			writeFileSync(join(folder, `${plot.name}.svg`), renderPlot(plot));
		}
	}
	const path = join(ROOT, document);
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, renderDocument(ALL_MEASURES, results, "benchmarks"));
}
