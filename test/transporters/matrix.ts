import { VERSIONS } from "./releases.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import type { Part, Scenario } from "./scenarios/scenario.ts";
import type { ServerKind } from "./servers/bring.ts";
import { TRANSPORTER, TRANSPORTERS, type TransporterName } from "./transporters.ts";
import { PLAIN, VARIANTS, type Variant } from "./variants.ts";

/** Where cells are: a kind of cluster. */
export interface Place {
	readonly transporter: TransporterName;
	/** Of Moleculer. */
	readonly version: string;
	readonly variant: Variant;
}

/** Cells that share a stage. */
export interface Job extends Place {
	readonly scenarios: readonly Scenario[];
}

/** Which cells of the matrix; default: all. */
export interface Choice {
	/** Names of transporters, or parts of names of variants. */
	readonly names?: readonly string[];
	readonly versions?: readonly string[];
	/** Parts of names of scenarios, or of names of parts. */
	readonly scenarios?: readonly string[];
	/** Only Moleculer's defaults, without variants. */
	readonly plain?: boolean;
}

/** Parts whose cells of one kind of cluster share a stage: it takes longer to start one than to use it. */
const STAGES: readonly (readonly Part[])[] = [
	["steady"],
	["outage-all"],
	["outage-sender", "outage-gateway", "restart"],
	["suspended"],
	["payloads"]
];

/** The stages of a run, and what is played on each. */
export function jobsOf(choice: Choice = {}): Job[] {
	const jobs: Job[] = [];
	for (const variant of choice.plain ? [PLAIN] : VARIANTS) {
		for (const transporter of TRANSPORTERS.filter(name => variant.on.includes(name))) {
			if (!isChosen(choice.names, [transporter, variant.name])) continue;
			for (const version of VERSIONS) {
				if (variant.releases && !variant.releases.includes(version)) continue;
				if (!isChosen(choice.versions, [version])) continue;
				for (const parts of STAGES) {
					const scenarios = SCENARIOS.filter(
						scenario =>
							parts.includes(scenario.part) &&
							variant.parts.includes(scenario.part) &&
							(variant.only?.includes(scenario.name) ?? true) &&
							isChosen(choice.scenarios, [scenario.name, scenario.part])
					);
					if (scenarios.length > 0) jobs.push({ transporter, version, variant, scenarios });
				}
			}
		}
	}
	return jobs;
}

/** The servers that jobs need. */
export function serversOf(jobs: readonly Job[]): ServerKind[] {
	const kinds = jobs.flatMap(({ transporter, variant }) => [
		TRANSPORTER[transporter].server,
		variant.discoverer?.server
	]);
	return [...new Set(kinds.filter(kind => kind !== undefined))];
}

/** A transporter is named in full, because `amqp` is a part of `amqp10`. */
function isChosen(wanted: readonly string[] | undefined, names: readonly string[]): boolean {
	if (wanted === undefined || wanted.length === 0) return true;
	const isMeant = (word: string, name: string) =>
		name === word || (!(TRANSPORTERS as readonly string[]).includes(word) && name.includes(word));
	return wanted.some(word => names.some(name => name !== "" && isMeant(word, name)));
}
