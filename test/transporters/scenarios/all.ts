import { ARRIVALS } from "./arrivals.ts";
import { DELIVERY } from "./delivery.ts";
import { OUTAGES } from "./outages.ts";
import { PAYLOAD_SCENARIOS } from "./payloads.ts";
import { REVOCATIONS } from "./revocations.ts";
import type { Scenario } from "./scenario.ts";

/** In the order in which those of one part are played. */
export const SCENARIOS: readonly Scenario[] = [
	...DELIVERY,
	...ARRIVALS,
	...OUTAGES,
	...REVOCATIONS,
	...PAYLOAD_SCENARIOS
];
