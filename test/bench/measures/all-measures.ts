import { BURST } from "./burst.ts";
import { ELSEWHERE_MEASURE } from "./elsewhere.ts";
import { GUARD } from "./guard.ts";
import { GZIP_MEASURE } from "./gzip.ts";
import { LONE } from "./lone.ts";
import { LOOKUPS } from "./lookups.ts";
import { MANY } from "./many.ts";
import type { Measure } from "./measure.ts";
import { MEMORY } from "./memory.ts";
import { METRICS_MEASURE } from "./metrics.ts";
import { SENDER } from "./sender.ts";
import { SESSIONS } from "./sessions.ts";
import { STALLED } from "./stalled.ts";
import { EVENTS_SWEEP, SIZE_SWEEP, STREAMS_SWEEP } from "./sweeps.ts";
import { TARGETED } from "./targeted.ts";

/** Every measure, in the order in which they run and are reported. */
export const ALL_MEASURES: readonly Measure[] = [
	LONE,
	BURST,
	MEMORY,
	TARGETED,
	GZIP_MEASURE,
	SENDER,
	ELSEWHERE_MEASURE,
	LOOKUPS,
	MANY,
	STALLED,
	METRICS_MEASURE,
	STREAMS_SWEEP,
	EVENTS_SWEEP,
	SIZE_SWEEP,
	SESSIONS,
	GUARD
];
