import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Result } from "./job.ts";

/** Where the results of all runs are, each cell's newest. */
export const FILE = ".tmp/transporters.json";

const keyOf = ({ transporter, version, variant, scenario }: Result): string =>
	[transporter, version, variant, scenario].join("\n");

export function readResults(): Result[] {
	return existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : [];
}

/** Puts results in the place of those of earlier runs; answers all. */
export function keepResults(results: readonly Result[]): Result[] {
	const all = new Map(readResults().map(result => [keyOf(result), result]));
	for (const result of results) all.set(keyOf(result), result);
	mkdirSync(dirname(FILE), { recursive: true });
	writeFileSync(FILE, JSON.stringify([...all.values()], null, "\t"));
	return [...all.values()];
}
