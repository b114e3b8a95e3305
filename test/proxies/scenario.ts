import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { eventually } from "../support/eventually.ts";
import { EVENT, type Stage, type StageGateway, type Tick } from "./stage.ts";
import { CLOSED, type Source, Tab } from "./tab.ts";

/** EventSources of the tab: a browser opens six connections to a host, and the page needs one. */
export const SOURCES = 4;
/** Milliseconds without a fault, in which the time of each event is measured. */
const CALM = 3000;
/** Milliseconds within which all sources have to continue after a fault, or a gateway has to notice that its clients left. */
const PATIENCE = 60_000;
/** Milliseconds without any gateway: long enough for each source to have asked in vain, twice. */
const AWAY = 7000;

/** What became of a tab's EventSources behind a proxy. */
export interface Findings {
	/** Milliseconds from sender to page, without a fault. */
	readonly latency: { readonly median: number; readonly slowest: number };
	/** Seconds after which all sources continued, by fault; null if not all of them did. */
	readonly recovery: Readonly<Record<Fault, number | null>>;
	/** Events that a source never got, got more than once, got in the wrong order; summed over the sources. */
	readonly lost: number;
	readonly doubled: number;
	readonly disordered: number;
	/** Times that a source was reset. */
	readonly resets: number;
	/** Sources that had not given up at the end, of {@link SOURCES}. */
	readonly alive: number;
	/** Seconds after which no gateway held a stream of the closed tab; null if one still did. */
	readonly noticed: number | null;
}

export type Fault = "one stopped" | "one killed" | "all killed";

/**
 * Opens a tab behind a proxy, and plays the faults one after the other, while events are sent. A proxy with one gateway has
 * none left after each.
 *
 * @param origin of the proxy
 */
export async function play(stage: Stage, browser: Browser, origin: string): Promise<Findings> {
	const stream = { url: `/sse/event-stream?eventName=${EVENT}`, eventName: EVENT };
	const tab = await Tab.open(browser, `${origin}/api/page`, Array(SOURCES).fill(stream));
	try {
		stage.send();
		await goOn(stage, tab);
		const from = stage.next;
		await sleep(CALM);
		const latency = timed(await tab.sources(), from);
		const [first, last] = [stage.gateways[0], stage.gateways.at(-1)] as [
			StageGateway,
			StageGateway
		];
		const recovery = {
			"one stopped": await suffer(stage, tab, [first], "stop"),
			"one killed": await suffer(stage, tab, [last], "kill"),
			"all killed": await suffer(stage, tab, stage.gateways, "kill")
		};
		stage.quiet();
		await arrived(stage, tab);
		const sources = await tab.sources();
		await tab.close();
		return {
			latency,
			recovery,
			...sum(sources.map(numbersOf), stage.next),
			resets: sources.flatMap(({ resets }) => resets).length,
			alive: sources.filter(({ state }) => state !== CLOSED).length,
			noticed: await untilLeft(stage)
		};
	} finally {
		stage.quiet();
		await tab.close();
	}
}

/** Ends gateways, brings them back, and returns how many seconds after it was possible all sources continued. */
async function suffer(
	stage: Stage,
	tab: Tab,
	gateways: readonly StageGateway[],
	how: "stop" | "kill"
): Promise<number | null> {
	const all = gateways.length === stage.gateways.length;
	await Promise.all(gateways.map(gateway => gateway.end(how)));
	if (all) await sleep(AWAY);
	const recovery = all ? null : await goOn(stage, tab);
	await Promise.all(gateways.map(gateway => gateway.start()));
	return all ? goOn(stage, tab) : recovery;
}

/** Waits until every source has got an event that was sent after this call. */
function goOn(stage: Stage, tab: Tab): Promise<number | null> {
	const mark = stage.next;
	return seconds(async () => {
		const sources = await tab.sources();
		if (sources.some(({ state }) => state === CLOSED)) return false;
		const last = Math.min(...sources.map(source => numbersOf(source).at(-1) ?? -1));
		if (last < mark) throw new Error(`event ${mark} has not come to all: ${last}`);
		return true;
	});
}

/** Waits until the last event that was sent has arrived at every source, or cannot arrive. */
async function arrived(stage: Stage, tab: Tab): Promise<void> {
	await seconds(async () => {
		for (const source of await tab.sources()) {
			if (source.state === CLOSED) return false;
			if (!numbersOf(source).includes(stage.next - 1)) throw new Error("the last event is missing");
		}
		return true;
	});
}

function untilLeft(stage: Stage): Promise<number | null> {
	return seconds(async () => {
		for (const gateway of stage.gateways) {
			const streams = await gateway.streams();
			if (streams > 0) throw new Error(`${streams} streams are open`);
		}
		return true;
	});
}

/** How many seconds it takes until `look` does not throw; null if it always does, or says that there is no hope. */
async function seconds(look: () => Promise<boolean>): Promise<number | null> {
	const began = performance.now();
	const held = await eventually(look, { timeout: PATIENCE, interval: 50 }).catch(() => false);
	return held ? (performance.now() - began) / 1000 : null;
}

/** For the events from a number on. */
function timed(sources: readonly Source[], from: number): Findings["latency"] {
	const all = sources
		.flatMap(({ events }) => events.map(({ at, data }) => ({ at, tick: data as Tick })))
		.filter(({ tick }) => tick.n >= from)
		.map(({ at, tick }) => at - tick.at)
		.sort((a, b) => a - b);
	return { median: all[all.length >> 1] ?? Number.NaN, slowest: all.at(-1) ?? Number.NaN };
}

function numbersOf({ events }: Source): number[] {
	return events.map(({ data }) => (data as Tick).n);
}

/** What is wrong with the numbers that each source got, from the first that each got to the last that was sent. */
export function sum(
	sources: readonly (readonly number[])[],
	sent: number
): Pick<Findings, "lost" | "doubled" | "disordered"> {
	let lost = 0;
	let doubled = 0;
	let disordered = 0;
	for (const numbers of sources) {
		const different = new Set(numbers);
		lost += sent - (numbers[0] ?? 0) - different.size;
		doubled += numbers.length - different.size;
		disordered += numbers.filter((n, at) => n < (numbers[at - 1] ?? -1)).length;
	}
	return { lost, doubled, disordered };
}
