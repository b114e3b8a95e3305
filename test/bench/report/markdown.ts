import type { Measure, Table } from "../measures/measure.ts";
import type { Results } from "./results.ts";
import { bound, judge, number } from "./verdict.ts";

const INTRODUCTION = `# Benchmarks

Written by \`npm run bench\`, which measures all of this anew; \`npm run bench -- <name>\` measures one row.
The peers and the harness are in the repository's folder \`test/bench\`.

- Server and load generator are processes of their own on one machine, over loopback. The generator opens raw
  sockets and counts where events end; what that costs it is in the tables.
- The figure is **CPU of the server's process for each delivered event**, user and system. It does not depend on
  how many cores are free, where a rate does.
- All entrants are open at one time and take turns, round by round; figures are medians of the rounds, ratios
  medians of the ratios within a round.
- A tick's events are sent when those of the tick before have arrived everywhere. Latency is from the send to the
  receipt, so that under a fan-out it is mostly the time that the fan-out takes.
- moleculer-sse runs as an application runs it: a moleculer-web gateway with \`SseMixin()\`, history and ids on, sent to
  by \`broadcast\`. Heartbeats and timeouts are off, for everyone. It runs from its TypeScript source.
- *bare http* encodes an event once and calls \`res.write\` a stream; *bare sockets* has no HTTP server, frames a tick's
  events once and calls \`socket.write\`: what Node itself costs.
`;

/** The whole document. */
export function renderDocument(
	measures: readonly Measure[],
	results: Results,
	plotFolder: string
): string {
	const known = measures.filter(({ name }) => results[name] !== undefined);
	return `${[
		INTRODUCTION,
		"## Targets\n",
		`${markdownTable(targetTable(known, results))}\n`,
		...known.map(measure => renderMeasure(measure, results, plotFolder))
	].join("\n")}`;
}

/** The table of all targets, with what was measured and what that means. */
export function targetTable(measures: readonly Measure[], results: Results): Table {
	return {
		columns: ["name", "measure", "must reach", "aim", "measured", "verdict"],
		rows: measures.flatMap(({ name, targets }) =>
			targets.map((target, at) => {
				const found = results[name]?.findings.measured[at] ?? { reason: "it was not run" };
				const { measured, verdict } = judge(target, found);
				const { mustReach, aim, unit } = target;
				return [name, target.what, bound(mustReach, unit), bound(aim, unit), measured, verdict];
			})
		)
	};
}

export function markdownTable({ columns, rows }: Table): string {
	const line = (cells: readonly (string | number)[]) =>
		`| ${columns.map((_, at) => cell(cells[at] ?? "")).join(" | ")} |`;
	return [line(columns), `|${" --- |".repeat(columns.length)}`, ...rows.map(line)].join("\n");
}

function renderMeasure(measure: Measure, results: Results, plotFolder: string): string {
	const { findings, date, machine } = results[measure.name] as Results[string];
	const { tables, plots = [], notes = [] } = findings;
	return `${[
		`## ${measure.title}`,
		`\`npm run bench -- ${measure.name}\` · ${date} · ${machine}`,
		...tables.map(markdownTable),
		...notes,
		...plots.map(({ name, title }) => `![${title}](${plotFolder}/${name}.svg)`)
	].join("\n\n")}\n`;
}

function cell(value: string | number): string {
	return (typeof value === "number" ? number(value) : value).replaceAll("|", "\\|");
}
