/**
 * The client in real browsers, and a table of what came of it:
 *
 *     npm run test:client -- [part of an engine's or a row's name]… [--leaders 1000] [--burst 60] [--offline 600]
 *
 * Exits with 1 unless everything that could be tried holds.
 */
import { parseArgs } from "node:util";
import { bringClient } from "../support/client-file.ts";
import { bringPrograms } from "../support/processes/programs.ts";
import { type BroughtEngine, bringEngines } from "./engines.ts";
import { type Outcome, ROWS } from "./rows.ts";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		leaders: { type: "string", default: "100" },
		burst: { type: "string", default: "10" },
		offline: { type: "string", default: "6" }
	}
});
const amounts = {
	leaders: Number(values.leaders),
	burst: Number(values.burst),
	offline: Number(values.offline)
};
const parts = positionals.map(part => part.toLowerCase());
const fits = (names: readonly string[]): boolean => {
	const known = parts.filter(part => names.some(name => name.toLowerCase().includes(part)));
	return known.length > 0;
};

await bringClient();
const all = await bringEngines(await bringPrograms());
const namesOfEngines = all.map(({ name }) => name);
const asksForEngine = parts.some(part =>
	namesOfEngines.some(name => name.toLowerCase().includes(part))
);
const asksForRow = parts.some(part => ROWS.some(({ name }) => name.toLowerCase().includes(part)));
const table: [engine: string, over: string, row: string, outcome: Outcome][] = [];
for (const brought of all) {
	if (asksForEngine && !fits([brought.name])) continue;
	await playAll(brought);
}

console.log(`\n| engine | over | what | holds | |\n| --- | --- | --- | --- | --- |`);
for (const [engine, over, row, { holds, says }] of table) {
	const mark = holds === "untried" ? "untried" : holds ? "yes" : "NO";
	console.log(`| ${engine} | ${over} | ${row} | ${mark} | ${says} |`);
}
const broken = table.filter(([, , , { holds }]) => holds === false).length;
console.log(`\n${table.length - broken} hold, ${broken} do not`);
process.exit(broken > 0 ? 1 : 0);

async function playAll({ name, start, missing }: BroughtEngine): Promise<void> {
	const engine =
		start && (await start().catch(error => ({ failed: String(error.message ?? error) })));
	for (const row of ROWS) {
		if (asksForRow && !fits([row.name])) continue;
		for (const over of row.over) {
			const began = performance.now();
			const outcome: Outcome =
				engine === undefined
					? { holds: "untried", says: missing ?? "it is not there" }
					: "failed" in engine
						? { holds: "untried", says: `it cannot be driven: ${engine.failed.split("\n")[0]}` }
						: await row.play(engine, over === "HTTP/2", amounts).catch(error => ({
								holds: false,
								says: String(error.message ?? error).split("\n")[0] as string
							}));
			const engineName = engine && "name" in engine ? engine.name : name;
			const seconds = ((performance.now() - began) / 1000).toFixed(1);
			table.push([engineName, over, row.name, outcome]);
			console.log(
				`${engineName}, ${over}, ${row.name}: ${outcome.holds} in ${seconds} s: ${outcome.says}`
			);
		}
	}
	if (engine && "close" in engine) await engine.close();
}
