import { setTimeout as sleep } from "node:timers/promises";
import type { Posted } from "./attempts.ts";
import { isClean, judge, type Verdict } from "./checker.ts";
import type { Client } from "./clients.ts";
import type { Fault, Promised, Size } from "./faults/fault.ts";
import type { Entry } from "./log.ts";
import type { Stage } from "./stage.ts";
import type { StageNode } from "./stage-node.ts";

/** The outcome of a fault. */
export interface Outcome {
	readonly verdict: Verdict;
	readonly posted: Posted;
	readonly promised: Promised;
	/** What was not as promised, in words; empty if everything was. */
	readonly broken: readonly string[];
	/** Milliseconds from the fault's end until every client got an event that was sent after it. */
	readonly recovery: number;
	/** Most milliseconds between two events of a client. */
	readonly longestGap: number;
}

/** Milliseconds of sending before and after a fault. */
const BEFORE = 1000;
const AFTER = 3000;
/**
 * Most milliseconds for which the senders are waited for until they are heard again: Moleculer looks for RabbitMQ every 5 s.
 */
const MOST_SILENCE = 30_000;
/** Milliseconds without an arrival after which everything has arrived; and most milliseconds for which that is waited for. */
const QUIET = 1500;
const MOST_WAITING = 60_000;

/** Makes a fault happen while events are sent, and judges the result. */
export async function play(
	stage: Stage,
	fault: Fault,
	size: Size,
	random: () => number
): Promise<Outcome> {
	const clients = await stage.clients(size.clients);
	let over = 0;
	try {
		const sending = { rate: size.rate, sessions: size.clients, ...fault.sending };
		const posted = await stage.sendDuring(sending, async () => {
			await sleep(BEFORE);
			await fault.happen(stage, clients, size, random);
			over = Date.now();
			if (fault.endInSilence) return;
			await stage.untilOpen(clients);
			await untilHeard(stage, clients, over);
			await sleep(AFTER);
		});
		if (fault.endInSilence) {
			await fault.endInSilence(stage);
			await stage.untilOpen(clients);
			await untilTold(clients, posted);
		}
		await untilQuiet(clients);
		return assess(stage, fault, clients, posted, over);
	} finally {
		for (const client of clients) client.close();
	}
}

/** Until each client has got an event of each sender that was sent after the fault: no loss is reported before. */
async function untilHeard(
	{ senders }: Stage,
	clients: readonly Client[],
	over: number
): Promise<void> {
	const deadline = Date.now() + MOST_SILENCE;
	const hears = ({ entries }: Client, { nodeID }: StageNode) =>
		entries.some(
			entry =>
				entry.kind === "event" &&
				sentAt(entry.data) >= over &&
				sentBy(entry.data).startsWith(`${nodeID}.`)
		);
	const isHeard = (sender: StageNode) => clients.every(client => hears(client, sender));
	while (Date.now() < deadline && !senders.every(isHeard)) await sleep(100);
}

/** Until no client lacks an event of which it does not know, if that happens. */
async function untilTold(clients: readonly Client[], { sent }: Posted): Promise<void> {
	const deadline = Date.now() + MOST_SILENCE;
	const logs = clients.map(({ log }) => log);
	while (Date.now() < deadline && judge(sent, logs).lost > 0) await sleep(500);
}

async function untilQuiet(clients: readonly Client[]): Promise<void> {
	const deadline = Date.now() + MOST_WAITING;
	let quietSince = Date.now();
	let count = -1;
	while (Date.now() < deadline && Date.now() - quietSince < QUIET) {
		const now = clients.reduce((sum, { entries }) => sum + entries.length, 0);
		if (now !== count) quietSince = Date.now();
		count = now;
		await sleep(100);
	}
}

function assess(
	{ bus }: Stage,
	fault: Fault,
	clients: readonly Client[],
	posted: Posted,
	over: number
): Outcome {
	const verdict = judge(
		posted.sent,
		clients.map(({ log }) => log)
	);
	const promised = fault.promised[bus] ?? "told";
	const resets = clients.map(
		({ entries }) => entries.filter(({ kind }) => kind === "reset").length
	);
	const broken = [...verdict.findings];
	if (!isClean(verdict) && broken.length === 0) broken.push("not clean");
	if (promised === "nothing" && verdict.resets > 0) broken.push(`${verdict.resets} resets`);
	// one order for all: nothing has to be given twice
	const mayRepeat = fault.mayRepeat && verdict.resets > 0;
	if (bus === "stream" && verdict.repeats > 0 && !mayRepeat)
		broken.push(`${verdict.repeats} repeats`);
	if (promised === "one") {
		const [away = 0, ...others] = resets;
		if (away === 0) broken.push("the client that was away was not told");
		if (others.some(count => count > 0)) broken.push("others were told as well");
	}
	return {
		verdict,
		posted,
		promised,
		broken,
		recovery: Math.max(0, ...clients.map(({ entries }) => recoveryOf(entries, over))),
		longestGap: Math.max(0, ...clients.map(({ entries }) => longestGapOf(entries)))
	};
}

function recoveryOf(entries: readonly Entry[], over: number): number {
	const first = entries.find(entry => entry.kind === "event" && sentAt(entry.data) >= over);
	return first === undefined ? Number.POSITIVE_INFINITY : first.at - over;
}

function longestGapOf(entries: readonly Entry[]): number {
	let longest = 0;
	let last: number | undefined;
	for (const { kind, at } of entries) {
		if (kind !== "event") continue;
		if (last !== undefined) longest = Math.max(longest, at - last);
		last = at;
	}
	return longest;
}

function sentAt(data: unknown): number {
	return (data as { at: number }).at;
}

function sentBy(data: unknown): string {
	return (data as { from: string }).from;
}
