/** What a run found, as a table for people and as one of Markdown: pure. */

import { type Fault, type Findings, SOURCES } from "./scenario.ts";

/** A row: the result for a proxy, or why there is none. */
export interface Result {
	readonly name: string;
	readonly version: string;
	readonly findings: Findings | string;
}

const HEAD = [
	"proxy",
	"latency (slowest), ms",
	"one stopped",
	"one killed",
	"all killed, and back",
	"lost",
	"doubled",
	"out of order",
	"resets",
	"alive",
	"closed tab noticed"
];

/** Whether everything went on, nothing was lost, reset or repeated, and nothing was left behind. */
export function isSound({ findings }: Result): boolean {
	if (typeof findings === "string") return false;
	const { recovery, lost, doubled, disordered, resets, alive, noticed } = findings;
	return (
		Object.values(recovery).every(seconds => seconds !== null) &&
		lost + doubled + disordered + resets === 0 &&
		alive === SOURCES &&
		noticed !== null
	);
}

export function table(results: readonly Result[]): string {
	const rows = [HEAD, ...results.map(cells)];
	const widths = HEAD.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
	return rows
		.map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "))
		.map(line => line.trimEnd())
		.join("\n");
}

export function markdownTable(results: readonly Result[]): string {
	const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
	return [HEAD, HEAD.map(() => "---"), ...results.map(cells)].map(line).join("\n");
}

function cells({ name, version, findings }: Result): string[] {
	const title = `${name} ${version}`.trim();
	if (typeof findings === "string") return [title, findings.split("\n", 1)[0] ?? ""];
	const { latency, recovery, lost, doubled, disordered, resets, alive, noticed } = findings;
	const after = (fault: Fault): string => seconds(recovery[fault]);
	return [
		title,
		`${latency.median} (${latency.slowest})`,
		after("one stopped"),
		after("one killed"),
		after("all killed"),
		...[lost, doubled, disordered, resets].map(String),
		`${alive} of ${SOURCES}`,
		noticed === null ? "no" : seconds(noticed)
	];
}

function seconds(value: number | null): string {
	return value === null ? "never" : `${value.toFixed(1)} s`;
}
