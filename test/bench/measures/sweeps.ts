import { streamsPossible } from "../process/open-files.ts";
import { ALL_ENTRANTS } from "./all-entrants.ts";
import type { Findings, Measure, Scale, Table } from "./measure.ts";
import { type Course, race, type Standing, typical } from "./race.ts";

/** What one measure varies, and what it keeps constant. */
interface Variation {
	readonly name: string;
	readonly title: string;
	/** What is varied. */
	readonly x: string;
	readonly values: readonly number[];
	readonly quickValues: readonly number[];
	course(value: number, deliveries: number): Course;
	/** The values that this machine allows, and what to say of the others. */
	possible?(values: readonly number[]): { values: readonly number[]; notes: string[] };
}

const SMALL = { kind: "filler", bytes: 100 } as const;
/** Streams, unless they are what is varied: enough for a fan-out, few enough for many steps. */
const STREAMS = 2000;

export const STREAMS_SWEEP: Measure = sweep({
	name: "streams",
	title: "Cost against streams",
	x: "open streams, one event of 100 B a tick",
	values: [1000, 2000, 5000, 10_000, 20_000, 50_000],
	quickValues: [1000, 4000],
	course: (streams, deliveries) => ({
		streams,
		eventsPerTick: 1,
		shape: SMALL,
		ticks: Math.ceil(deliveries / streams)
	}),
	possible(values) {
		const most = streamsPossible(Math.max(...values));
		const allowed = [...new Set(values.map(value => Math.min(value, most)))];
		const notes =
			allowed.length < values.length || most < Math.max(...values)
				? [`Here 'ulimit -n' allows ${most} streams a process, and no more were measured.`]
				: [];
		return { values: allowed, notes };
	}
});

export const EVENTS_SWEEP: Measure = sweep({
	name: "events",
	title: "Cost against events a tick",
	x: `events of 100 B in one tick, ${STREAMS} streams`,
	values: [1, 2, 5, 10, 20, 50],
	quickValues: [1, 10],
	course: (eventsPerTick, deliveries) => ({
		streams: STREAMS,
		eventsPerTick,
		shape: SMALL,
		ticks: Math.max(10, Math.ceil(deliveries / (STREAMS * eventsPerTick)))
	})
});

export const SIZE_SWEEP: Measure = sweep({
	name: "size",
	title: "Cost against the size of an event",
	x: `bytes of an event, one a tick, ${STREAMS} streams`,
	values: [100, 400, 1600, 6400, 25_600],
	quickValues: [100, 6400],
	course: (bytes, deliveries) => ({
		streams: STREAMS,
		eventsPerTick: 1,
		shape: { kind: "filler", bytes },
		ticks: Math.ceil(deliveries / STREAMS)
	})
});

/** A race for each value, plotted and reported as CPU per delivery. */
function sweep(variation: Variation): Measure {
	const { name, title, x, course } = variation;
	return {
		name,
		title,
		targets: [],
		async run({ quick, rounds, deliveries }: Scale): Promise<Findings> {
			const wanted = quick ? variation.quickValues : variation.values;
			const { values, notes } = variation.possible?.(wanted) ?? { values: wanted, notes: [] };
			const steps: Standing[][] = [];
			for (const value of values) {
				// many steps: one opening each
				const once = { openings: 1, rounds: rounds.rounds };
				steps.push(await race(ALL_ENTRANTS, course(value, deliveries), once));
			}
			return {
				measured: [],
				tables: [costTable(values, steps)],
				plots: [{ name, title, x, y: "µs of CPU a delivery", series: seriesOf(values, steps) }],
				notes
			};
		}
	};
}

function seriesOf(values: readonly number[], steps: readonly Standing[][]) {
	return ALL_ENTRANTS.map(entrant => ({
		title: entrant.title,
		points: values.flatMap((value, step): [number, number][] => {
			const cpu = costOf(steps[step], entrant);
			return cpu === undefined ? [] : [[value, cpu]];
		})
	})).filter(({ points }) => points.length > 0);
}

function costTable(values: readonly number[], steps: readonly Standing[][]): Table {
	return {
		columns: ["CPU µs a delivery", ...values.map(value => value.toLocaleString("en"))],
		rows: ALL_ENTRANTS.map(entrant => [
			entrant.title,
			...values.map((_, step) => costOf(steps[step], entrant) ?? "–")
		])
	};
}

function costOf(standings: readonly Standing[] = [], entrant: Standing["entrant"]) {
	const standing = standings.find(standing => standing.entrant === entrant);
	return standing?.dropOut === undefined && standing ? typical(standing.figures, "cpu") : undefined;
}
