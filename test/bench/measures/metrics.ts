import { product } from "../entrants/node-entrant.ts";
import { type Measure, measured } from "./measure.ts";
import { type Course, race, type Standing, standingOf, typical } from "./race.ts";
import { standingsTable } from "./standings-table.ts";
import { medianRatio } from "./statistics.ts";

const OFF = product({}, "metrics off");
/** Moleculer keeps the time of each request for a minute, for its own quantiles: that is no memory of an open stream. */
const MINUTE_OF_REQUESTS = { defaultMaxAgeSeconds: 1, defaultAgeBuckets: 1 };
const ON = product({}, "metrics on", {}, { metrics: { enabled: true, ...MINUTE_OF_REQUESTS } });
const SHAPE = { kind: "filler", bytes: 100 } as const;

/** As in the measures `lone` and `burst`. */
const LONE = { streams: 10_000, eventsPerTick: 1, shape: SHAPE };
const BURST = { streams: 5000, eventsPerTick: 10, shape: SHAPE };
/** Memory is measured once an opening, and what a process has of its own differs from one to the next. */
const OPENINGS = 5;

export const METRICS_MEASURE: Measure = {
	name: "metrics",
	title: "Metrics",
	targets: [
		{
			what: "metrics on against off: CPU per delivery, 1 event a tick",
			mustReach: 1.01,
			unit: "×"
		},
		{
			what: "metrics on against off: CPU per delivery, 10 events a tick",
			mustReach: 1.01,
			unit: "×"
		},
		{ what: "metrics on against off: heap an idle stream", mustReach: 1.02, unit: "×" }
	],
	async run({ rounds, deliveries, quick }) {
		const courseOf = (course: Omit<Course, "ticks">, times: number): Course => ({
			...course,
			ticks: Math.ceil((times * deliveries) / (course.streams * course.eventsPerTick))
		});
		const lone = await race([OFF, ON], courseOf(LONE, 1), rounds);
		const burst = await race([OFF, ON], courseOf(BURST, 2), rounds);
		const idle = await race([OFF, ON], courseOf(LONE, 0), {
			openings: quick ? 1 : OPENINGS,
			rounds: 0
		});
		return {
			measured: [lone, burst].map(cpuRatio).concat(heapRatio(idle)),
			tables: [lone, burst, idle].map(standingsTable),
			notes: [
				"The tables are one event a tick to 10,000 streams, ten events a tick to 5,000, and 10,000 idle streams. Moleculer's own " +
					"metrics are on with the package's."
			]
		};
	}
};

function cpuRatio(standings: readonly Standing[]) {
	return measured(() => medianRatio(standingOf(standings, ON).cpu, standingOf(standings, OFF).cpu));
}

function heapRatio(standings: readonly Standing[]) {
	return measured(
		() => typical(standingOf(standings, ON), "heap") / typical(standingOf(standings, OFF), "heap")
	);
}
