import { product } from "../entrants/node-entrant.ts";
import { checkGzip } from "../load/check-gzip.ts";
import { type Measure, measured } from "./measure.ts";
import { race, standingOf, typical } from "./race.ts";
import { standingsTable } from "./standings-table.ts";
import { medianRatio } from "./statistics.ts";

const STREAMS = 10_000;
const PLAIN = product({}, "plain");
const GZIP = product({ compression: { threshold: 256 } }, "gzip");
const SHAPE = { kind: "order", bytes: 1400 } as const;

const WHAT = "gzip, 1.4 KB of JSON, 10,000 streams, against uncompressed";

export const GZIP_MEASURE: Measure = {
	name: "gzip",
	title: "Compression",
	targets: [
		{ what: `${WHAT}: CPU per delivery`, mustReach: 1.15, aim: 1, unit: "×" },
		{ what: `${WHAT}: bytes`, mustReach: 0.25, unit: "×" }
	],
	async run({ rounds, deliveries }) {
		await checkGzip(GZIP, SHAPE);
		const course = {
			streams: STREAMS,
			eventsPerTick: 1,
			shape: SHAPE,
			ticks: Math.ceil(deliveries / STREAMS)
		};
		const standings = await race([PLAIN, GZIP], course, rounds);
		const bytesOf = (entrant: typeof GZIP) => typical(standingOf(standings, entrant), "bytes");
		return {
			measured: [
				measured(() =>
					medianRatio(standingOf(standings, GZIP).cpu, standingOf(standings, PLAIN).cpu)
				),
				measured(() => bytesOf(GZIP) / bytesOf(PLAIN))
			],
			tables: [standingsTable(standings)]
		};
	}
};
