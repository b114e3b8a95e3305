import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Result } from "./job.ts";
import { jobsOf } from "./matrix.ts";

/** Where the results of all runs are, each cell's newest. */
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

/** Puts results in the place of those of earlier runs; answers all, without cells that are not in the matrix any more. */
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
