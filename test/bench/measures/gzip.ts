import { product } from "../entrants/node-entrant.ts";
import { checkGzip } from "../load/check-gzip.ts";
import { JSON_KINDS } from "../payload.ts";
import { type Measure, measured } from "./measure.ts";
import { race, standingOf, typical } from "./race.ts";
import { standingsTable } from "./standings-table.ts";
import { medianRatio } from "./statistics.ts";

const STREAMS = 10_000;
const PLAIN = product({}, "plain");
const GZIP = product({ compression: { threshold: 256 } }, "gzip");
const BYTES = 1400;
const SHAPE = { kind: "order", bytes: BYTES } as const;
/** Bytes are the same on every stream. */
const COUNTED = { streams: 10, eventsPerTick: 1, ticks: 3 };
const COUNTING = { openings: 1, rounds: 1 };

const WHAT = "gzip, 1.4 KB of JSON, 10,000 streams, against uncompressed";

export const GZIP_MEASURE: Measure = {
	name: "gzip",
	title: "Compression",
	targets: [
		{ what: `${WHAT}: CPU per delivery`, mustReach: 1.15, aim: 1, unit: "×" },
		{ what: `${WHAT}: bytes, mean of three kinds of JSON`, mustReach: 0.25, unit: "×" }
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
		const sizes: [kind: string, plain: number, gzip: number][] = [];
		for (const kind of JSON_KINDS) {
			const counted = await race(
				[PLAIN, GZIP],
				{ ...COUNTED, shape: { kind, bytes: BYTES } },
				COUNTING
			);
			const bytesOf = (entrant: typeof GZIP) => typical(standingOf(counted, entrant), "bytes");
			sizes.push([kind, bytesOf(PLAIN), bytesOf(GZIP)]);
		}
		const ratios = sizes.map(([, plain, gzip]) => gzip / plain);
		return {
			measured: [
				measured(() =>
					medianRatio(standingOf(standings, GZIP).cpu, standingOf(standings, PLAIN).cpu)
				),
				ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
			],
			tables: [
				standingsTable(standings),
				{
					columns: ["bytes on the wire", "plain", "gzip", "ratio"],
					rows: sizes.map(([kind, plain, gzip]) => [kind, plain, gzip, gzip / plain])
				}
			],
			notes: [
				"How small an event gets is a matter of its text alone: zlib's best level saves not one byte more, because " +
					"each event is compressed without those before it."
			]
		};
	}
};
