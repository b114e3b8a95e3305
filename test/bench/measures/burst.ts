import { BETTER_SSE, PRODUCT } from "../entrants/node-entrant.ts";
import { ALL_ENTRANTS } from "./all-entrants.ts";
import { type Measure, measured } from "./measure.ts";
import { race, standingOf } from "./race.ts";
import { standingsTable } from "./standings-table.ts";
import { medianRatio } from "./statistics.ts";

const STREAMS = 5000;
const EVENTS = 10;

export const BURST: Measure = {
	name: "burst",
	title: "Ten events a tick to 5,000 streams",
	targets: [
		{
			what: "CPU per delivery, 10 events a tick, 5,000 streams, 100 B: against better-sse",
			mustReach: 0.35,
			aim: 0.3,
			unit: "×"
		}
	],
	async run({ rounds, deliveries }) {
		const course = {
			streams: STREAMS,
			eventsPerTick: EVENTS,
			shape: { kind: "filler", bytes: 100 },
			ticks: Math.ceil((deliveries * 2) / (STREAMS * EVENTS))
		} as const;
		const standings = await race(ALL_ENTRANTS, course, rounds);
		return {
			measured: [
				measured(() =>
					medianRatio(standingOf(standings, PRODUCT).cpu, standingOf(standings, BETTER_SSE).cpu)
				)
			],
			tables: [standingsTable(standings)]
		};
	}
};
