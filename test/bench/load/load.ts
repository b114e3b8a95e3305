import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "../process/child.ts";
import type { GeneratorQuestions, Received } from "./generator.ts";
import { Latencies } from "./latencies.ts";

const GENERATOR = new URL("./generator.ts", import.meta.url);
/** Streams of one generator: below the ports of one address and the usual limits of open files. */
const SHARE = 12_000;
/** Approximate number of streams whose events' latency is read. */
const SAMPLED = 1000;
/** Milliseconds within which everything that was sent has to arrive. */
const PATIENCE = 120_000;
/** Milliseconds between two checks of what has arrived. */
const LOOK = 20;
/** Addresses taken so far: a recently used port is not free at once. */
let addresses = 0;

export interface LoadOptions {
	readonly port: number;
	readonly path: string;
	readonly streams: number;
	readonly gzip?: boolean;
	readonly http2?: boolean;
	/** The first so many streams stop reading once they are open. */
	readonly stalled?: number;
	/** Latency is read on one in so many streams; default: on about a thousand of them. */
	readonly sampling?: number;
}

/** What all generators received together. */
export interface Load {
	readonly streams: number;
	/** Counts what arrives from here on. */
	begin(): Promise<void>;
	/** Resolves when each stream that reads has got so many events since `begin`. */
	until(events: number): Promise<void>;
	/** Resolves when so many events have arrived in all since `begin`. */
	untilTotal(frames: number): Promise<void>;
	take(): Promise<Omit<Received, "latencies"> & { latencies: Latencies }>;
	openStreams(): Promise<number>;
	close(): Promise<void>;
}

type Generator = Child<GeneratorQuestions>;

/** Opens streams, from as many processes as that takes. */
export async function openLoad(options: LoadOptions): Promise<Load> {
	const { port, path, streams, gzip = false, http2 = false, stalled = 0 } = options;
	const sampling = options.sampling ?? Math.max(1, Math.floor(streams / SAMPLED));
	const generators: { child: Generator; reading: number }[] = [];
	const all = <T>(ask: (child: Generator, reading: number) => Promise<T>): Promise<T[]> =>
		Promise.all(generators.map(({ child, reading }) => ask(child, reading)));
	const close = async () => {
		await all(child => child.ask("close").then(() => child.stop())).catch(() => {});
	};
	try {
		for (let first = 0; first < streams; first += SHARE) {
			const share = Math.min(SHARE, streams - first);
			const child: Generator = await Child.start(GENERATOR, { sockets: share });
			generators.push({ child, reading: first === 0 ? share - stalled : share });
			// one after the other: a burst of connections is not what is measured
			await child.ask("open", {
				port,
				path,
				gzip,
				http2,
				sampling,
				first,
				streams: share,
				localAddress: `127.0.0.${2 + (addresses++ % 250)}`
			});
		}
		if (stalled > 0) await generators[0]?.child.ask("stall", stalled);
	} catch (error) {
		await close();
		throw error;
	}
	return {
		streams,
		close,
		async begin() {
			await all(child => child.ask("begin"));
		},
		async until(events) {
			await all((child, reading) => child.ask("until", events * reading, PATIENCE));
		},
		async untilTotal(events) {
			const deadline = performance.now() + PATIENCE;
			for (;;) {
				const total = sum(await all(child => child.ask("total")));
				if (total >= events) return;
				if (performance.now() > deadline) throw new Error(`${total} of ${events} events came`);
				await sleep(LOOK);
			}
		},
		async take() {
			const latencies = new Latencies();
			const received = { frames: 0, bytes: 0, cpu: 0 };
			for (const { frames, bytes, cpu, latencies: buckets } of await all(child =>
				child.ask("take")
			)) {
				received.frames += frames;
				received.bytes += bytes;
				received.cpu += cpu;
				latencies.merge(buckets);
			}
			return { ...received, latencies };
		},
		async openStreams() {
			return sum(await all(child => child.ask("openStreams")));
		}
	};
}

function sum(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0);
}
