import { BARE_HTTP, PRODUCT } from "../entrants/node-entrant.ts";
import { type Measure, measured } from "./measure.ts";
import { race, standingOf } from "./race.ts";
import { standingsTable } from "./standings-table.ts";
import { medianRatio } from "./statistics.ts";

const STREAMS = 10_000;

export const MEMORY: Measure = {
	name: "memory",
	title: "Memory of an idle stream",
	targets: [
		{
			what: "RSS an idle stream at 10,000, session registered, history on: against bare http",
			mustReach: 1.05,
			aim: 0.9,
			unit: "×"
		}
	],
	async run({ quick }) {
		const course = {
			streams: STREAMS,
			eventsPerTick: 1,
			shape: { kind: "filler", bytes: 100 },
			ticks: 1
		} as const;
		// each opening is a sample: separate processes, from no stream to all of them
		const rounds = { openings: quick ? 1 : 5, rounds: 0 };
		const standings = await race([PRODUCT, BARE_HTTP], course, rounds);
		return {
			measured: [
				measured(() =>
					medianRatio(standingOf(standings, PRODUCT).rss, standingOf(standings, BARE_HTTP).rss)
				)
			],
			tables: [standingsTable(standings)],
			notes: [
				"What a process grew by from no stream to 10,000 idle ones, garbage collected before both looks."
			]
		};
	}
};
