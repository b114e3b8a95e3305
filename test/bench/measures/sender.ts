import { BUS_TITLES, BUSES, type Bus, type Cluster, startCluster } from "../nodes/cluster.ts";
import { withRabbitMq } from "../nodes/rabbitmq.ts";
import { type Measure, measured } from "./measure.ts";
import { median, medianRatio } from "./statistics.ts";

/** One event per turn of the event loop, so that each is a message of its own. */
const SENDS = {
	ticks: 3000,
	eventsPerTick: 1,
	interval: 0,
	sessionId: "elsewhere",
	shape: { kind: "filler", bytes: 100 }
} as const;

/** A cluster for each number of gateways, and what a broadcast cost its sender in each round. */
interface Lane {
	readonly bus: Bus;
	readonly gateways: number;
	/** While its gateways are suspended: the sender's own cost. */
	readonly cpu: number[];
	/** While they work, on the same cores. */
	readonly crowded: number[];
	cluster?: Cluster;
	dropOut?: string;
}

export const SENDER: Measure = {
	name: "sender",
	title: "Cost of a broadcast against gateways",
	targets: [
		{
			what: "sender CPU per ctx.broadcast, 8 gateways against 1, stream bus",
			mustReach: 1.2,
			aim: 1.05,
			unit: "×"
		}
	],
	async run({ quick }) {
		const counts = quick ? [1, 8] : [1, 2, 4, 8];
		const lanes = BUSES.flatMap(bus =>
			counts.map((gateways): Lane => ({ bus, gateways, cpu: [], crowded: [] }))
		);
		await withRabbitMq(url => fill(lanes, url, quick ? 3 : 7));
		const lane = (bus: Bus, gateways: number): Lane => {
			return lanes.find(lane => lane.bus === bus && lane.gateways === gateways) as Lane;
		};
		const ratio = (bus: Bus) => {
			const failed = lane(bus, 8).dropOut ?? lane(bus, 1).dropOut;
			if (failed !== undefined) throw new Error(failed);
			return medianRatio(lane(bus, 8).cpu, lane(bus, 1).cpu);
		};
		const series = BUSES.map(bus => ({
			title: BUS_TITLES[bus],
			points: lanes
				.filter(lane => lane.bus === bus && lane.dropOut === undefined)
				.map(({ gateways, cpu }) => [gateways, median(cpu)] as const)
		}));
		return {
			measured: [measured(() => ratio("stream"))],
			tables: [
				{
					columns: [
						"CPU µs a broadcast",
						...counts.map(count => `${count} gateways`),
						"8 against 1"
					],
					rows: BUSES.map(bus => [
						BUS_TITLES[bus],
						...counts.map(count => lane(bus, count).dropOut ?? median(lane(bus, count).cpu)),
						lane(bus, 1).dropOut === undefined ? ratio(bus) : "–"
					])
				},
				{
					columns: ["the same, gateways at work on the same cores", ...counts.map(String)],
					rows: BUSES.map(bus => [
						BUS_TITLES[bus],
						...counts.map(count => lane(bus, count).dropOut ?? median(lane(bus, count).crowded))
					])
				}
			],
			notes: [
				"While the sender is measured its gateways stand still: with more processes than cores, what they do to " +
					"its caches would be measured as its own."
			],
			plots: [
				{
					name: "gateways",
					title: "Cost of a broadcast against gateways",
					x: "gateways",
					y: "µs of CPU of the sender, a broadcast",
					series: series.filter(({ points }) => points.length > 0)
				}
			]
		};
	}
};

/** Measures all lanes, interleaved: all clusters run at one time. */
async function fill(lanes: readonly Lane[], url: string, rounds: number): Promise<void> {
	try {
		for (const lane of lanes) {
			await attempt(lane, async () => {
				lane.cluster = await startCluster(url, lane.bus, lane.gateways);
			});
		}
		for (let round = -1; round < rounds; round++) {
			for (const lane of lanes) {
				await attempt(lane, async () => {
					const cluster = lane.cluster as Cluster;
					const crowded = await costOfSend(cluster);
					cluster.still(true);
					const cpu = await costOfSend(cluster).finally(() => cluster.still(false));
					// the first round is for the compiler
					if (round < 0) return;
					lane.cpu.push(cpu);
					lane.crowded.push(crowded);
				});
			}
		}
	} finally {
		for (const { cluster } of lanes) await cluster?.stop();
	}
}

async function attempt(lane: Lane, run: () => Promise<void>): Promise<void> {
	if (lane.dropOut !== undefined) return;
	try {
		await run();
	} catch (error) {
		lane.dropOut = (error as Error).message;
	}
}

/** Microseconds of a broadcast, without those of the loop that sends it. */
async function costOfSend({ sender }: Cluster): Promise<number> {
	const cost = async (eventsPerTick: number) => {
		const before = await sender.ask("usage");
		await sender.ask("send", { ...SENDS, eventsPerTick });
		return (await sender.ask("usage")).cpu - before.cpu;
	};
	const loop = await cost(0);
	return ((await cost(1)) - loop) / SENDS.ticks;
}
