import { setTimeout as sleep } from "node:timers/promises";
import { openLoad } from "../load/load.ts";
import { BUS_TITLES, BUSES, type Bus, startCluster } from "../nodes/cluster.ts";
import { withRabbitMq } from "../nodes/rabbitmq.ts";
import type { Sends } from "../nodes/sender-node.ts";
import { sessionOf } from "../session.ts";
import { type Measure, measured } from "./measure.ts";
import { median } from "./statistics.ts";

const SHAPE = { kind: "filler", bytes: 100 } as const;
const ELSEWHERE = { sessionId: "elsewhere", shape: SHAPE } as const;
/** Warm-up rounds for the compiler: a gateway runs for weeks. */
const WARM_UPS = 40;

/**
 * Back to back, each turn of the sender's event loop is a tick, and the gateway is hardly ever idle; paced, each tick wakes it.
 */
const PACES = {
	lone: { ...ELSEWHERE, ticks: 3000, eventsPerTick: 1, interval: 0 },
	lonePaced: { ...ELSEWHERE, ticks: 1500, eventsPerTick: 1, interval: 1 },
	together: { ...ELSEWHERE, ticks: 80, eventsPerTick: 100, interval: 0 },
	togetherPaced: { ...ELSEWHERE, ticks: 60, eventsPerTick: 100, interval: 20 }
} satisfies Record<string, Sends>;
type Pace = keyof typeof PACES;

/** As the table names them, in its order. */
const TITLES: Record<Pace, string> = {
	lone: "lone, back to back",
	lonePaced: "lone, 1 a ms",
	together: "100 a tick, back to back",
	togetherPaced: "100 a tick, 50 ticks a second"
};
const ALL_PACES = Object.keys(TITLES) as Pace[];

/** After the others, to the gateway's one stream: once this one has arrived, all have. */
const LAST: Sends = { ...PACES.lone, ticks: 1, sessionId: sessionOf(0) };

const WHAT = "gateway CPU per event received and not for it, stream bus";

/** Microseconds of CPU per event, by round. */
type Costs = Record<Pace, number[]>;

interface ClusterCosts {
	readonly gateway: Costs;
	/** Of a process that is woken as often, and does nothing. */
	readonly waking: Costs;
}

export const ELSEWHERE_MEASURE: Measure = {
	name: "elsewhere",
	title: "Events for other gateways",
	targets: [
		{ what: `${WHAT}: lone events, back to back`, mustReach: 20, aim: 2, unit: " µs" },
		{ what: `${WHAT}: 100 a tick, back to back`, mustReach: 5, aim: 2, unit: " µs" }
	],
	async run({ quick }) {
		const costs = new Map<Bus, ClusterCosts>();
		const failures = new Map<Bus, string>();
		await withRabbitMq(async url => {
			for (const bus of BUSES) {
				try {
					costs.set(bus, await costsOf(url, bus, quick ? 2 : 7));
				} catch (error) {
					failures.set(bus, (error as Error).message);
				}
			}
		});
		const cost = (bus: Bus, pace: Pace) => {
			const found = costs.get(bus);
			if (found === undefined) throw new Error(failures.get(bus));
			return median(found.gateway[pace]);
		};
		const rowOf = (bus: Bus) =>
			costs.has(bus)
				? [BUS_TITLES[bus], ...ALL_PACES.map(pace => cost(bus, pace))]
				: [BUS_TITLES[bus], `skipped: ${failures.get(bus)}`];
		const waking = [...costs.values()].map(found => found.waking);
		return {
			measured: [
				measured(() => cost("stream", "lone")),
				measured(() => cost("stream", "together"))
			],
			tables: [
				{
					columns: ["CPU µs an event", ...ALL_PACES.map(pace => TITLES[pace])],
					rows: [
						...BUSES.map(rowOf),
						[
							"a process that only wakes",
							...ALL_PACES.map(pace => median(waking.flatMap(costs => costs[pace])))
						]
					]
				}
			],
			notes: [
				"Without what the gateway uses in the same time when nothing is sent. Paced, it comes to rest between " +
					"ticks and each tick wakes it: the last row is what that alone costs on this machine, an event's share."
			]
		};
	}
};

async function costsOf(url: string, bus: Bus, rounds: number): Promise<ClusterCosts> {
	const { gateways, sender, stop } = await startCluster(url, bus, 1);
	const [gateway] = gateways;
	try {
		if (gateway === undefined) throw new Error("the cluster has no gateway");
		const port = await gateway.ask("port");
		const load = await openLoad({ port, path: "/sse/event-stream?eventName=a", streams: 1 });
		const usage = async () => (await gateway.ask("usage")).cpu;
		const cost = async (sends: Sends) => {
			const time = sends.ticks * sends.interval;
			const began = await usage();
			await sleep(time);
			const idle = (await usage()) - began;
			await load.begin();
			const before = await usage();
			await sender.ask("send", sends);
			await sender.ask("send", LAST);
			await load.until(1);
			return ((await usage()) - before - idle) / (sends.ticks * sends.eventsPerTick);
		};
		const wakingCost = async (sends: Sends) => {
			if (sends.interval === 0) return Number.NaN;
			const before = (await sender.ask("usage")).cpu;
			await sender.ask("send", { ...sends, eventsPerTick: 0 });
			return ((await sender.ask("usage")).cpu - before) / (sends.ticks * sends.eventsPerTick);
		};
		const costs: ClusterCosts = { gateway: noCosts(), waking: noCosts() };
		try {
			for (let round = 0; round < WARM_UPS; round++) {
				await cost(PACES.lone);
				await cost(PACES.together);
			}
			for (let round = 0; round < rounds; round++) {
				for (const pace of ALL_PACES) {
					costs.gateway[pace].push(await cost(PACES[pace]));
					costs.waking[pace].push(await wakingCost(PACES[pace]));
				}
			}
		} finally {
			await load.close();
		}
		return costs;
	} finally {
		await stop();
	}
}

function noCosts(): Costs {
	return { lone: [], lonePaced: [], together: [], togetherPaced: [] };
}
