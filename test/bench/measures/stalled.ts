import { setTimeout as sleep } from "node:timers/promises";
import { type NodeServer, PRODUCT } from "../entrants/node-entrant.ts";
import { type Load, openLoad } from "../load/load.ts";
import { type Measure, measured } from "./measure.ts";
import { settledUsage } from "./settled.ts";
import { median, medianRatio } from "./statistics.ts";

const STREAMS = 1000;
/** `SseMixin`'s own default. */
const MAX_BYTES = 1_048_576;
/** 1,000 events/s: a million deliveries per second. */
const RHYTHM = { eventsPerTick: 50, interval: 50, shape: { kind: "filler", bytes: 100 } } as const;
/** Readings of the memory while events are being sent. */
const LOOKS = 4;

const WHAT = "one stalled client in 1,000 for 60 s at 1,000 events/s";

interface Phase {
	/** Of the streams that read, microseconds. */
	readonly p99: number;
	/** Bytes by which the server grew at most. */
	readonly growth: number;
	readonly cpu: number;
}

export const STALLED: Measure = {
	name: "stalled",
	title: "A stalled client",
	targets: [
		{ what: `${WHAT}: p99 of the others against none stalled`, mustReach: 1.1, unit: "×" },
		{ what: `${WHAT}: RSS growth by it, of maxBytes`, mustReach: 1.1, unit: "×" }
	],
	async run({ quick }) {
		const seconds = quick ? 8 : 60;
		const without: Phase[] = [];
		const stalled: Phase[] = [];
		for (let round = 0; round < (quick ? 1 : 3); round++) {
			without.push(await phase(0, seconds));
			stalled.push(await phase(1, seconds));
		}
		const of = (phases: readonly Phase[], key: keyof Phase) => phases.map(phase => phase[key]);
		const growth = median(
			stalled.map((phase, round) => phase.growth - (without[round]?.growth ?? Number.NaN))
		);
		return {
			measured: [
				measured(() => medianRatio(of(stalled, "p99"), of(without, "p99"))),
				Math.max(0, growth) / MAX_BYTES
			],
			tables: [
				{
					columns: ["", "p99 ms", "RSS growth MiB", "CPU µs a delivery"],
					rows: [
						["none stalled", ...summary(without)],
						["one stalled", ...summary(stalled)]
					]
				}
			],
			notes: [`${seconds} s each, in processes of their own.`]
		};
	}
};

function summary(phases: readonly Phase[]): number[] {
	return [
		median(phases.map(({ p99 }) => p99)) / 1000,
		median(phases.map(({ growth }) => growth)) / 2 ** 20,
		median(phases.map(({ cpu }) => cpu))
	];
}

/** Sends to a server of its own, some of whose clients stop reading at once. */
async function phase(stalled: number, seconds: number): Promise<Phase> {
	const server = await PRODUCT.open(STREAMS);
	try {
		const { port, path } = server;
		const load = await openLoad({ port, path, streams: STREAMS, stalled, sampling: 10 });
		try {
			await send(server, load, 2, STREAMS - stalled);
			await load.take();
			const before = await settledUsage(server);
			const largest = largestRss(server, seconds);
			await send(server, load, seconds, STREAMS - stalled);
			const rss = await largest;
			const after = await server.usage();
			const { frames, latencies } = await load.take();
			return {
				p99: latencies.quantile(0.99),
				growth: rss - before.rss,
				cpu: (after.cpu - before.cpu) / frames
			};
		} finally {
			await load.close();
		}
	} finally {
		await server.stop();
	}
}

async function send(
	server: NodeServer,
	load: Load,
	seconds: number,
	reading: number
): Promise<void> {
	const ticks = Math.ceil((seconds * 1000) / RHYTHM.interval);
	await load.begin();
	await server.child.ask("run", { ...RHYTHM, ticks });
	await load.untilTotal(ticks * RHYTHM.eventsPerTick * reading);
}

/** The largest of some readings: what a client has unsent is freed when the client is disconnected. */
async function largestRss(server: NodeServer, seconds: number): Promise<number> {
	let largest = 0;
	for (let look = 0; look < LOOKS; look++) {
		await sleep((seconds * 1000) / (LOOKS + 1));
		largest = Math.max(largest, (await server.usage({ collect: true })).rss);
	}
	return largest;
}
