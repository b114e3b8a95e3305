import { NCHAN } from "../entrants/nchan.ts";
import { BARE_HTTP, BETTER_SSE, PRODUCT } from "../entrants/node-entrant.ts";
import { ALL_ENTRANTS } from "./all-entrants.ts";
import { type Measure, measured } from "./measure.ts";
import { race, standingOf } from "./race.ts";
import { standingsTable } from "./standings-table.ts";
import { medianRatio } from "./statistics.ts";

const STREAMS = 10_000;
const WHAT = "CPU per delivery, 1 event a tick, 10,000 streams, 100 B";

export const LONE: Measure = {
	name: "lone",
	title: "One event a tick to 10,000 streams",
	targets: [
		{ what: `${WHAT}: against better-sse`, mustReach: 0.55, aim: 0.45, unit: "×" },
		{ what: `${WHAT}: against bare http, res.write`, mustReach: 0.85, aim: 0.7, unit: "×" },
		{ what: `${WHAT}: against Nchan`, mustReach: 1.15, aim: 0.95, unit: "×" }
	],
	async run({ rounds, deliveries }) {
		const course = {
			streams: STREAMS,
			eventsPerTick: 1,
			shape: { kind: "filler", bytes: 100 },
			ticks: Math.ceil(deliveries / STREAMS)
		} as const;
		const standings = await race(ALL_ENTRANTS, course, rounds);
		const cpuOf = (entrant: (typeof ALL_ENTRANTS)[number]) => standingOf(standings, entrant).cpu;
		return {
			measured: [BETTER_SSE, BARE_HTTP, NCHAN].map(other =>
				measured(() => medianRatio(cpuOf(PRODUCT), cpuOf(other)))
			),
			tables: [standingsTable(standings)]
		};
	}
};
