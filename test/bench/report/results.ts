import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import type { Findings } from "../measures/measure.ts";

/** Findings of one measure, with when and where they were found. */
export interface Result {
	readonly date: string;
	readonly machine: string;
	readonly findings: Findings;
}

/** What was recorded of every measure, by its name. */
export type Results = Record<string, Result>;

const FILE = "results.json";

export function resultOf(findings: Findings): Result {
	const [cpu] = cpus();
	const memory = Math.round(totalmem() / 2 ** 30);
	// without a distribution's or host's name for its build
	const [kernel] = release().split("-");
	const machine =
		`${cpus().length} × ${cpu?.model.trim() ?? arch()}, ${memory} GiB, ${type()} ${kernel}, ` +
		`Node ${process.versions.node}`;
	return { date: new Date().toISOString().slice(0, 10), machine, findings };
}

/** What the folder holds so far. */
export function readResults(folder: string): Results {
	const path = join(folder, FILE);
	return existsSync(path) ? JSON.parse(readFileSync(path, "utf8"), reviveNumber) : {};
}

export function writeResults(folder: string, results: Results): void {
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, FILE), `${JSON.stringify(results, roundNumber, "\t")}\n`);
}

/** JSON writes null for anything but a number, and nothing else here is null. */
function reviveNumber(_key: string, value: unknown): unknown {
	return value ?? Number.NaN;
}

/** More digits than were measured would only change from run to run. */
function roundNumber(_key: string, value: unknown): unknown {
	return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
