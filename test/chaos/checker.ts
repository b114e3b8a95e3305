/** Judges whether clients got what was sent to them: pure, and itself tested against logs that are wrong on purpose. */

import type { Log, Sent } from "./log.ts";
import { judgeClient } from "./sequence.ts";

/** Counts over all clients; an event for three of them counts three times. */
export interface Verdict {
	/** Events that were due. */
	readonly events: number;
	/** Of those, the ones that arrived, each counted once: `events - lost - told`. */
	readonly delivered: number;
	/** Events that arrived again with the same id and the same data. */
	readonly repeats: number;
	/** Events that did not arrive, and of which the client does not know. */
	readonly lost: number;
	/** Events that did not arrive, with an `sse.reset` that says so. */
	readonly told: number;
	/** `sse.reset` events, whatever they reported. */
	readonly resets: number;
	/** Events that were not for this session, or never sent. */
	readonly foreign: number;
	/** Events that arrived after a later one of the same sender, without having been reported as missing. */
	readonly disordered: number;
	/** One event under two ids, or one id on two events. */
	readonly doubles: number;
	/** Events that were reported as missing and arrived after all, by the replay of a later stream. */
	readonly late: number;
	/** `sse.reset` events of a client that had missed nothing until then, though others may have. */
	readonly needless: number;
	/** Of those, the ones that report lost events (`gap`, `epoch`), while no client at all had missed any. */
	readonly groundless: number;
	/** What is wrong, in words, the first of each client: for people. */
	readonly findings: readonly string[];
	/** Each needless reset, in words. */
	readonly remarks: readonly string[];
}

/** Reasons of `sse.reset` with which a gateway reports lost events; with the others, it says that it cannot know. */
const LOSSES: readonly string[] = ["gap", "epoch"];

/**
 * Judges a scenario.
 *
 * What is due to a session is, sender by sender, what was sent to it and to `"*"`. A client is in sync with a sender up to the
 * furthest of its events that it has. A missing event is `told` if, after the furthest one before it and not later than the
 * first one after it (or, at the tail, ever), the client got an `sse.reset` that is not older than the missing event: a client
 * that reloads at a reset knows what was sent until then, and no more. Otherwise it is `lost`.
 *
 * @param sent by every sender, in its order
 */
export function judge(sent: readonly (readonly Sent[])[], logs: readonly Log[]): Verdict {
	const total = {
		events: 0,
		delivered: 0,
		repeats: 0,
		lost: 0,
		told: 0,
		resets: 0,
		foreign: 0,
		disordered: 0,
		doubles: 0,
		late: 0,
		needless: 0,
		groundless: 0
	};
	const findings: string[] = [];
	const remarks: string[] = [];
	const clients = logs.map(log => {
		const due = sent.map(sequence =>
			sequence.filter(({ sessionId }) => sessionId === "*" || sessionId === log.sessionId)
		);
		return { log, ...judgeClient(due, log.entries) };
	});
	const firstMiss = earliest(clients.flatMap(({ missed }) => missed));
	for (const { log, counts, missed, first } of clients) {
		for (const key of Object.keys(counts) as (keyof typeof counts)[]) total[key] += counts[key];
		if (first !== undefined) findings.push(`${log.sessionId}: ${first}`);
		const ownFirstMiss = earliest(missed);
		for (const entry of log.entries) {
			if (entry.kind !== "reset" || ownFirstMiss <= entry.at) continue;
			total.needless++;
			const isGroundless = LOSSES.includes(entry.reason) && entry.at < firstMiss;
			if (isGroundless) total.groundless++;
			const who = isGroundless ? "nobody had missed anything" : "it had missed nothing";
			const what = `${entry.reason} at ${Math.round(entry.at)}`;
			remarks.push(`${log.sessionId}: needless reset, ${what}: ${who} by then`);
		}
	}
	return { ...total, findings, remarks };
}

/** Whether nothing is wrong: everything arrived, in order and once, or was reported. */
export function isClean({ lost, foreign, disordered, doubles }: Verdict): boolean {
	return lost + foreign + disordered + doubles === 0;
}

function earliest(times: readonly number[]): number {
	return times.reduce((first, time) => Math.min(first, time), Number.POSITIVE_INFINITY);
}
