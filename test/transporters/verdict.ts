/** Judges a cell: pure. */
import { judge } from "../chaos/checker.ts";
import type { Log, Mark, Sent } from "../chaos/log.ts";

/** A client, and what may happen to it. */
export interface Watched {
	readonly log: Log;
	/** It was revoked, or its sender crashed: then it may be reset even if it has missed nothing. */
	readonly mayBeReset: boolean;
}

/** Counts over all clients of a cell; an event for three of them counts three times. */
export interface CellVerdict {
	readonly events: number;
	readonly delivered: number;
	/** Neither delivered nor reported. */
	readonly lost: number;
	/** Not delivered, and reported by `sse.reset`. */
	readonly told: number;
	readonly resets: number;
	/** Resets of clients that missed nothing. */
	readonly falseResets: number;
	readonly disordered: number;
	readonly repeats: number;
	/** Of another session, or one event under two ids. */
	readonly wrong: number;
	/** What is wrong, in words. */
	readonly findings: readonly string[];
}

/** A client that is reset more often than this for one fault is flooded: pages would only reload. */
const FLOOD = 4;

/**
 * Compares what clients got with what was sent. What was sent before a client's stream was open is not due to it.
 *
 * @param sent by every sender, in its order
 */
export function assess(
	sent: readonly (readonly Sent[])[],
	clients: readonly Watched[]
): CellVerdict {
	const total = {
		...{ events: 0, delivered: 0, lost: 0, told: 0, resets: 0, falseResets: 0 },
		...{ disordered: 0, repeats: 0, wrong: 0 }
	};
	const findings: string[] = [];
	for (const { log, mayBeReset } of clients) {
		const first = log.entries.find(entry => entry.kind === "opened");
		const { at: opened = 0, askedAt = opened } = first ?? {};
		const isDue = ({ at }: { at: number }) => at > opened;
		const due = sent.map(sequence => sequence.filter(isDue));
		const entries = log.entries.filter(
			entry => entry.kind !== "event" || isDue(entry.data as { at: number })
		);
		const verdict = judge(due, [{ ...log, entries }]);
		for (const key of ["events", "delivered", "lost", "told", "resets"] as const) {
			total[key] += verdict[key];
		}
		total.disordered += verdict.disordered;
		total.repeats += verdict.repeats;
		total.wrong += verdict.foreign + verdict.doubles;
		findings.push(...verdict.findings);
		const missed = verdict.lost + verdict.told;
		// What was sent while the stream was being opened is not due, and may still be reported. So may what was sent just before:
		// its sender reports how old it is, and for how long that report was under way nobody knows.
		const possible = sent.flat().filter(({ at }) => at >= askedAt - LATE);
		const isTrue = missed > 0 || wasBehind(possible, log);
		const isFalse = !mayBeReset && (!isTrue || verdict.resets >= FLOOD);
		if (!isFalse || verdict.resets === 0) continue;
		total.falseResets += verdict.resets;
		const kinds = log.entries.flatMap(entry => (entry.kind === "reset" ? entry.reason : []));
		const reasons = [...new Set(kinds)].map(
			reason => `${reason} × ${kinds.filter(kind => kind === reason).length}`
		);
		const why = isTrue ? "is told again and again" : "missed nothing";
		findings.push(`${log.sessionId}: ${why}, and was reset (${reasons.join(", ")})`);
	}
	return { ...total, findings };
}

/** Milliseconds after which an event, or a report, that has not arrived is no longer under way. */
const LATE = 200;

/**
 * Whether a client that in the end has got everything lacked something at each of its resets: one gateway reported to it what
 * it got on another one, to which it went with a place from before.
 */
function wasBehind(sent: readonly Sent[], { sessionId, entries }: Log): boolean {
	const due = sent.filter(event => event.sessionId === sessionId || event.sessionId === "*");
	const keyOf = ({ from, n }: Mark) => `${from} ${n}`;
	const came = new Map<string, number>();
	// Backwards: a duplicate arrived first the first time.
	for (const entry of entries.toReversed()) {
		if (entry.kind === "event") came.set(keyOf(entry.data as Mark), entry.at);
	}
	return entries.every(
		reset =>
			reset.kind !== "reset" ||
			due.some(event => {
				const at = came.get(keyOf(event)) ?? Number.POSITIVE_INFINITY;
				return event.at < reset.at - LATE && at > reset.at;
			})
	);
}

/**
 * Whether everything that was due arrived, in order and once.
 *
 * @param mayLose or was reported to those that missed it, and to nobody else
 */
export function isRight(
	{ lost, told, falseResets, disordered, wrong }: Omit<CellVerdict, "findings">,
	mayLose: boolean
): boolean {
	return lost + falseResets + disordered + wrong + (mayLose ? 0 : told) === 0;
}
