import type { NodeEntrant, NodeServer } from "../entrants/node-entrant.ts";
import { type Load, openLoad } from "../load/load.ts";
import type { Targets } from "../servers/serve.ts";

/** Of each round, in microseconds. */
export interface Aimed {
	readonly p50: number[];
	readonly p99: number[];
	/** CPU of a send at the steady rate at which latency is measured. */
	readonly pacedCpu: number[];
	/** CPU of a send when sending at full speed. */
	readonly cpu: number[];
}

interface Runner {
	readonly server: NodeServer;
	readonly load: Load;
	readonly aimed: Aimed;
}

const SHAPE = { kind: "filler", bytes: 100 } as const;
/** 2,000 sends/s for three seconds. */
const PACED = { ticks: 1500, eventsPerTick: 4, interval: 2, shape: SHAPE } as const;
const FLAT_OUT = { ticks: 400, eventsPerTick: 100, interval: 0, shape: SHAPE } as const;

/** Makes the entrants send events to one session each, interleaved, all open at the same time. */
export async function aim(
	entrants: readonly NodeEntrant[],
	streams: number,
	rounds: number
): Promise<Map<NodeEntrant, Aimed>> {
	const runners = new Map<NodeEntrant, Runner>();
	try {
		for (const entrant of entrants) {
			const server = await entrant.open(streams);
			const aimed: Aimed = { p50: [], p99: [], pacedCpu: [], cpu: [] };
			try {
				const { port, path } = server;
				runners.set(entrant, {
					server,
					aimed,
					load: await openLoad({ port, path, streams, sampling: 1 })
				});
			} catch (error) {
				await server.stop();
				throw error;
			}
		}
		for (let round = -1; round < rounds; round++) {
			for (const runner of runners.values()) {
				const paced = await run(runner, { ...PACED, sessions: streams });
				const flatOut = await run(runner, { ...FLAT_OUT, sessions: streams });
				// the first round is for the compiler
				if (round < 0) continue;
				runner.aimed.p50.push(paced.latencies.quantile(0.5));
				runner.aimed.p99.push(paced.latencies.quantile(0.99));
				runner.aimed.pacedCpu.push(paced.cpu);
				runner.aimed.cpu.push(flatOut.cpu);
			}
		}
	} finally {
		for (const { server, load } of runners.values()) {
			await load.close();
			await server.stop();
		}
	}
	return new Map([...runners].map(([entrant, { aimed }]) => [entrant, aimed]));
}

async function run({ server, load }: Runner, targets: Targets) {
	const sends = targets.ticks * targets.eventsPerTick;
	await load.begin();
	const before = await server.usage();
	await server.child.ask("runTargets", targets);
	await load.untilTotal(sends);
	const after = await server.usage();
	const { latencies } = await load.take();
	return { latencies, cpu: (after.cpu - before.cpu) / sends };
}
