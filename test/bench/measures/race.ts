import type { Entrant, RunningServer } from "../entrants/entrant.ts";
import { type Load, openLoad } from "../load/load.ts";
import type { PayloadShape } from "../payload.ts";
import { settledUsage } from "./settled.ts";
import { median } from "./statistics.ts";

/** What each entrant has to do in a round: send, tick after tick, to all streams. */
export interface Course {
	readonly streams: number;
	readonly eventsPerTick: number;
	readonly shape: PayloadShape;
	/** Ticks of one round. */
	readonly ticks: number;
}

export interface Rounds {
	/** Times that every server is started again and gets its streams. */
	readonly openings: number;
	/** Rounds for each opening; in each, the entrants run one after the other. */
	readonly rounds: number;
}

/** Of each round: CPU and latency in microseconds, memory in bytes. */
export interface Figures {
	/** CPU of the server for an event on a stream. */
	readonly cpu: number[];
	readonly deliveriesPerSecond: number[];
	readonly p50: number[];
	readonly p99: number[];
	/** Bytes on the wire for an event on a stream. */
	readonly bytes: number[];
	/** CPU of the load generator for an event on a stream. */
	readonly generatorCpu: number[];
	/** Growth per stream, one for each opening. */
	readonly rss: number[];
	readonly heap: number[];
}

export interface Standing {
	readonly entrant: Entrant;
	readonly figures: Figures;
	/** Why it did not take part, or did not finish. */
	dropOut?: string;
}

interface Runner {
	readonly standing: Standing;
	readonly server: RunningServer;
	readonly load: Load;
}

/** Deliveries before the first round: until then the servers are still being compiled. */
const WARM_UP = 40_000;

/**
 * Makes the entrants do the same, interleaved: all are open at the same time, and each round has all of them, one after the
 * other. A tick follows when the one before has arrived everywhere, so that no entrant's ticks overlap.
 */
export async function race(
	entrants: readonly Entrant[],
	course: Course,
	{ openings, rounds }: Rounds
): Promise<Standing[]> {
	const standings = entrants.map(entrant => ({ entrant, figures: noFigures() }) as Standing);
	for (let opening = 0; opening < openings; opening++) {
		const runners: Runner[] = [];
		try {
			for (const standing of running(standings)) {
				await attempt(standing, async () => {
					runners.push(await start(standing, course));
				});
			}
			for (let round = -1; round < rounds; round++) {
				// Each is first, and after each other one, equally often: the one before has used the caches.
				for (const runner of rotated(runners, round)) {
					if (runner.standing.dropOut !== undefined) continue;
					await attempt(runner.standing, () =>
						round < 0 ? warmUp(runner, course) : runRound(runner, course)
					);
				}
			}
		} finally {
			for (const { load, server } of runners) {
				await load.close();
				await server.stop();
			}
		}
	}
	return standings;
}

/** The standing of one entrant; throws if it has none, with the reason. */
export function standingOf(standings: readonly Standing[], entrant: Entrant): Figures {
	const standing = standings.find(standing => standing.entrant === entrant);
	if (standing === undefined) throw new Error(`${entrant.title} did not take part`);
	if (standing.dropOut !== undefined) throw new Error(`${entrant.title}: ${standing.dropOut}`);
	return standing.figures;
}

/** The median of a figure over all rounds. */
export function typical(figures: Figures, figure: keyof Figures): number {
	return median(figures[figure]);
}

function rotated<T>(items: readonly T[], by: number): T[] {
	const first = Math.max(0, by) % Math.max(1, items.length);
	return [...items.slice(first), ...items.slice(0, first)];
}

function running(standings: readonly Standing[]): Standing[] {
	return standings.filter(({ dropOut }) => dropOut === undefined);
}

/** A failing one does not end the race of the others. */
async function attempt(standing: Standing, run: () => Promise<void>): Promise<void> {
	try {
		await run();
	} catch (error) {
		standing.dropOut = (error as Error).message;
	}
}

async function start(standing: Standing, { streams }: Course): Promise<Runner> {
	const { entrant, figures } = standing;
	const server = await entrant.open(streams);
	try {
		const { port, path } = server;
		const before = await settledUsage(server);
		const load = await openLoad({ port, path, streams, gzip: entrant.gzip ?? false });
		const after = await settledUsage(server);
		figures.rss.push((after.rss - before.rss) / streams);
		figures.heap.push(((after.heap ?? Number.NaN) - (before.heap ?? Number.NaN)) / streams);
		return { standing, server, load };
	} catch (error) {
		await server.stop();
		throw error;
	}
}

async function warmUp(runner: Runner, course: Course): Promise<void> {
	const ticks = Math.ceil(WARM_UP / (course.streams * course.eventsPerTick));
	await sendAll(runner, { ...course, ticks });
	await runner.load.take();
}

async function runRound(runner: Runner, course: Course): Promise<void> {
	const { standing, server, load } = runner;
	const deliveries = course.streams * course.eventsPerTick * course.ticks;
	const before = await server.usage();
	const began = performance.now();
	await sendAll(runner, course);
	const seconds = (performance.now() - began) / 1000;
	const after = await server.usage();
	const received = await load.take();
	if (received.frames !== deliveries) {
		throw new Error(`${received.frames} events came instead of ${deliveries}`);
	}
	const { figures } = standing;
	figures.cpu.push((after.cpu - before.cpu) / deliveries);
	figures.deliveriesPerSecond.push(deliveries / seconds);
	figures.p50.push(received.latencies.quantile(0.5));
	figures.p99.push(received.latencies.quantile(0.99));
	figures.bytes.push(received.bytes / deliveries);
	figures.generatorCpu.push(received.cpu / deliveries);
}

async function sendAll({ server, load }: Runner, course: Course): Promise<void> {
	await load.begin();
	for (let tick = 1; tick <= course.ticks; tick++) {
		const arrived = load.until(tick * course.eventsPerTick);
		await Promise.all([server.tick(course.eventsPerTick, course.shape), arrived]);
	}
}

function noFigures(): Figures {
	return {
		cpu: [],
		deliveriesPerSecond: [],
		p50: [],
		p99: [],
		bytes: [],
		generatorCpu: [],
		rss: [],
		heap: []
	};
}
