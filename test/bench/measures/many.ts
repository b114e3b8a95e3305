import { PRODUCT } from "../entrants/node-entrant.ts";
import { openLoad } from "../load/load.ts";
import { requireOpenFiles, streamsPossible } from "../process/open-files.ts";
import { type Measure, measured } from "./measure.ts";
import { median } from "./statistics.ts";

const STREAMS = 50_000;
const QUICK_STREAMS = 5000;
const SHAPE = { kind: "filler", bytes: 100 } as const;
const WHAT = "50,000 open streams on one node";

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
		const streams = streamsPossible(wanted);
		const found = await fanOut(streams, quick ? 2 : 5);
		// fewer streams prove nothing of the target, and are worth a look all the same
		const proven = (value: number) => {
			return measured(() => {
				if (quick) throw new Error(`not run in full: ${streams} streams`);
				requireOpenFiles(STREAMS);
				return value;
			});
		};
		return {
			measured: [found.missing, found.lost, found.block].map(proven),
			tables: [
				{
					columns: [
						"streams",
						"not open",
						"lost",
						"longest block, opening, ms",
						"longest block, sending, ms",
						"all sent within ms",
						"RSS MiB"
					],
					rows: [
						[
							streams,
							found.missing,
							found.lost,
							found.openingBlock,
							found.block,
							found.time,
							found.rss / 2 ** 20
						]
					]
				}
			]
		};
	}
};

/** One event to all, so many times; the blocks are the longest of all of them. */
async function fanOut(streams: number, times: number) {
	const server = await PRODUCT.open(streams);
	try {
		server.child.tell("watchLoop");
		const { port, path } = server;
		const load = await openLoad({ port, path, streams });
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
