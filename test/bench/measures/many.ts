import { PRODUCT, product } from "../entrants/node-entrant.ts";
import { openLoad } from "../load/load.ts";
import { streamsPossible } from "../process/open-files.ts";
import { type Measure, measured } from "./measure.ts";
import { median } from "./statistics.ts";

const STREAMS = 50_000;
const QUICK_STREAMS = 5000;
const SHAPE = { kind: "filler", bytes: 100 } as const;
const WHAT = "50,000 open streams on one node";
const OVER_HTTP2 = product({}, "moleculer-sse over HTTP/2", { http2: true });

export const MANY: Measure = {
	name: "many",
	title: "50,000 streams on one node",
	targets: [
		{ what: `${WHAT}: streams that are not open`, mustReach: 0, unit: "" },
		{ what: `${WHAT}: events lost of one to all`, mustReach: 0, unit: "" },
		{ what: `${WHAT}: event loop blocked for at most`, mustReach: 100, unit: " ms" }
	],
	async run({ quick }) {
		const wanted = quick ? QUICK_STREAMS : STREAMS;
		const times = quick ? 2 : 5;
		const overHttp1 = await fanOut(streamsPossible(wanted), times, false);
		const runs = [overHttp1];
		// over HTTP/2 a hundred streams share a file: there are as many as are wanted
		if (overHttp1.streams < wanted) runs.push(await fanOut(wanted, times, true));
		const whole = runs.at(-1) as Run;
		const proven = (value: number) => {
			return measured(() => {
				if (whole.streams < STREAMS) throw new Error(`not run in full: ${whole.streams} streams`);
				return value;
			});
		};
		return {
			measured: [whole.missing, whole.lost, whole.block].map(proven),
			tables: [
				{
					columns: [
						"over",
						"streams",
						"not open",
						"lost",
						"longest block, opening, ms",
						"longest block, sending, ms",
						"all sent within ms",
						"RSS MiB"
					],
					rows: runs.map(run => [
						run.protocol,
						run.streams,
						run.missing,
						run.lost,
						run.openingBlock,
						run.block,
						run.time,
						run.rss / 2 ** 20
					])
				}
			],
			notes:
				runs.length === 1
					? []
					: [
							`Here 'ulimit -n' allows ${overHttp1.streams} connections a process: the rest of what is ` +
								"wanted is shown over HTTP/2, a hundred streams to a connection. Where it allows more, all is " +
								"over HTTP/1.1."
						]
		};
	}
};

type Run = Awaited<ReturnType<typeof fanOut>>;

/** One event to all, so many times; the blocks are the longest of all of them. */
async function fanOut(streams: number, times: number, http2: boolean) {
	const server = await (http2 ? OVER_HTTP2 : PRODUCT).open(streams);
	try {
		server.child.tell("watchLoop");
		const { port, path } = server;
		const load = await openLoad({ port, path, streams, http2 });
		const openingBlock = await server.child.ask("longestBlock");
		try {
			const missing = streams - (await load.openStreams());
			const blocks: number[] = [];
			const durations: number[] = [];
			let lost = 0;
			for (let time = 0; time < times; time++) {
				await load.begin();
				server.child.tell("watchLoop");
				const began = performance.now();
				server.tick(1, SHAPE);
				await load.until(1).catch(() => {});
				durations.push(performance.now() - began);
				blocks.push(await server.child.ask("longestBlock"));
				lost += streams - (await load.take()).frames;
			}
			const { rss } = await server.usage();
			return {
				protocol: http2 ? "HTTP/2" : "HTTP/1.1",
				streams,
				missing,
				lost,
				openingBlock,
				block: Math.max(...blocks),
				time: median(durations),
				rss
			};
		} finally {
			await load.close();
		}
	} finally {
		await server.stop();
	}
}
