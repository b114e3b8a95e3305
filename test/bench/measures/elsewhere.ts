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
const LONE: Sends = { ...ELSEWHERE, ticks: 1500, eventsPerTick: 1, interval: 1 };
const BACK_TO_BACK: Sends = { ...LONE, ticks: 3000, interval: 0 };
const TOGETHER: Sends = { ...ELSEWHERE, ticks: 60, eventsPerTick: 100, interval: 20 };
/** Rounds that are for the compiler: a gateway runs for weeks. */
const WARM_UPS = 8;
/** Behind the others, to the gateway's one stream: it has them all once this one has come. */
const LAST: Sends = { ...LONE, ticks: 1, sessionId: sessionOf(0) };

const WHAT = "gateway CPU per event received and not for it, stream bus";

interface Costs {
	/** One a millisecond. */
	readonly lone: number[];
	/** One a turn of the sender's event loop, as fast as it turns: what arrives may arrive together. */
	readonly backToBack: number[];
	/** A hundred a turn, fifty times a second. */
	readonly together: number[];
}

export const ELSEWHERE_MEASURE: Measure = {
	name: "elsewhere",
	title: "Events for other gateways",
	targets: [
		{ what: `${WHAT}: lone events, back to back`, mustReach: 20, aim: 2, unit: " µs" },
		{ what: `${WHAT}: 100 a tick`, mustReach: 5, aim: 2, unit: " µs" }
	],
	async run({ quick }) {
		const costs = new Map<Bus, Costs>();
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
		const cost = (bus: Bus, which: keyof Costs) => {
			const found = costs.get(bus);
			if (found === undefined) throw new Error(failures.get(bus));
			return median(found[which]);
		};
		return {
			measured: [
				measured(() => cost("stream", "backToBack")),
				measured(() => cost("stream", "together"))
			],
			tables: [
				{
					columns: ["CPU µs an event", "lone, 1 a ms", "lone, back to back", "100 a tick"],
					rows: BUSES.map(bus =>
						costs.has(bus)
							? [BUS_TITLES[bus], cost(bus, "lone"), cost(bus, "backToBack"), cost(bus, "together")]
							: [BUS_TITLES[bus], `skipped: ${failures.get(bus)}`]
					)
				}
			],
			notes: [
				"Without what the gateway uses in the same time when nothing is sent. At one a millisecond each event " +
					"wakes the gateway, and waking is most of its cost, on either bus."
			]
		};
	}
};

async function costsOf(url: string, bus: Bus, rounds: number): Promise<Costs> {
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
		const costs: Costs = { lone: [], backToBack: [], together: [] };
		try {
			for (let round = 0; round < WARM_UPS; round++) {
				await cost(BACK_TO_BACK);
				await cost(TOGETHER);
			}
			for (let round = 0; round < rounds; round++) {
				costs.lone.push(await cost(LONE));
				costs.backToBack.push(await cost(BACK_TO_BACK));
				costs.together.push(await cost(TOGETHER));
			}
		} finally {
			await load.close();
		}
		return costs;
	} finally {
		await stop();
	}
}
