import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Result } from "./job.ts";
import { jobsOf } from "./matrix.ts";

/** The results of all runs, the newest of each cell. */
export const FILE = ".tmp/transporters.json";

const keyOf = ({
	transporter,
	version,
	variant,
	scenario
}: Pick<Result, "transporter" | "version" | "variant" | "scenario">): string =>
	[transporter, version, variant, scenario].join("\n");

export function readResults(): Result[] {
	return existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : [];
}

/** Replaces results of earlier runs; returns all, without cells that are no longer in the matrix. */
export function keepResults(results: readonly Result[]): Result[] {
	const cells = new Set(
		jobsOf().flatMap(({ transporter, version, variant, scenarios }) =>
			scenarios.map(({ name }) =>
				keyOf({ transporter, version, variant: variant.name, scenario: name })
			)
		)
	);
	const all = new Map(
		[...readResults(), ...results]
			.map(result => [keyOf(result), result] as const)
			.filter(([key]) => cells.has(key))
	);
	mkdirSync(dirname(FILE), { recursive: true });
	writeFileSync(FILE, JSON.stringify([...all.values()], null, "\t"));
	return [...all.values()];
}
