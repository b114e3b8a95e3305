import type { Job } from "./matrix.ts";
import { VERSIONS } from "./releases.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import type { TransporterName } from "./transporters.ts";
import { PLAIN } from "./variants.ts";

/** The slow ones come first. RabbitMQ has the chaos tests. */
const TRANSPORTERS: readonly TransporterName[] = [
	...(["redis", "nats", "mqtt", "tcp", "fake", "none"] as const)
];

/** On one stage each, one after the other. */
const NAMES = [
	"resume",
	"order",
	"targeted",
	"revoke",
	"late gateway",
	"outage of all, then silence"
];

/** A part of the matrix that takes less than a minute: Moleculer's newest release, with its defaults. */
export function shortJobs(): Job[] {
	const scenarios = NAMES.map(wanted => {
		const scenario = SCENARIOS.find(({ name }) => name === wanted);
		if (scenario === undefined) throw new Error(`no scenario is called ${wanted}`);
		return scenario;
	});
	const [version = ""] = VERSIONS;
	return TRANSPORTERS.map(transporter => ({ transporter, version, variant: PLAIN, scenarios }));
}
