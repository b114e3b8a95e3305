import { BARE_HTTP, PRODUCT } from "../entrants/node-entrant.ts";
import { type Measure, measured } from "./measure.ts";
import { race, standingOf } from "./race.ts";
import { standingsTable } from "./standings-table.ts";
import { medianRatio } from "./statistics.ts";

const STREAMS = 1000;

/** Small enough to be run with the tests, which fail on a multiple of what is recorded here. */
export const GUARD: Measure = {
	name: "guard",
	title: "One event a tick to 1,000 streams, as the tests look at it",
	targets: [
		{
			what: "CPU per delivery, 1 event a tick, 1,000 streams, 100 B: against bare http, res.write",
			mustReach: 1,
			unit: "×"
		}
	],
	async run({ rounds, deliveries }) {
		const course = {
			streams: STREAMS,
			eventsPerTick: 1,
			shape: { kind: "filler", bytes: 100 },
			ticks: Math.ceil(deliveries / STREAMS)
		} as const;
		const standings = await race([PRODUCT, BARE_HTTP], course, rounds);
		const cpuOf = (entrant: typeof PRODUCT) => standingOf(standings, entrant).cpu;
		return {
			measured: [measured(() => medianRatio(cpuOf(PRODUCT), cpuOf(BARE_HTTP)))],
			tables: [standingsTable(standings)]
		};
	}
};
