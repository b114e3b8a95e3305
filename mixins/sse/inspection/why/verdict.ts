import { EVERYONE } from "../../core/addressing/session-id.ts";
import type { KeptEvent } from "../../core/history/event-store.ts";
import type { History } from "../../core/history/history.ts";
import { hasPassed, wasSeen } from "../../core/history/replay-cursor.ts";
import type { PastStream } from "../../gateway/past-streams.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import type { Return } from "../../streams/stream-past.ts";

/** What became of an event on one stream, or for a session without one. A closed list; docs/reference/repl.md explains each. */
export const VERDICTS = [
	"delivered",
	"waits",
	"no-stream",
	"not-addressed",
	"not-subscribed",
	"seen",
	"refused",
	"dropped",
	"conflated",
	"gap",
	"reset",
	"revoked",
	"cut-off",
	"not-here",
	"too-old"
] as const;

export type SseVerdictName = (typeof VERDICTS)[number];

/** A verdict and its details. */
export interface Judgement {
	readonly verdict: SseVerdictName;
	/** `delivered`: `performance.now()` at which the stream was given it. */
	readonly at?: number;
	/** `waits`: bytes that the stream's client has not taken. */
	readonly behind?: number;
	/** `conflated`: position of the event that replaced it. */
	readonly by?: number;
	/** `reset`: the reason that the client was told; `cut-off`, `revoked`: why the stream ended. */
	readonly reason?: string;
}

/** A stream, open or ended. */
export type JudgedStream = PastStream | EventStream;

/** An event that the history keeps, and whom it is for: there may be many of them, and many streams to judge. */
export interface JudgedEvent extends KeptEvent {
	readonly recipients: ReadonlySet<string>;
}

export function toJudge(event: KeptEvent): JudgedEvent {
	return { ...event, recipients: new Set(event.sessionIds) };
}

/** What became of an event that the history keeps. */
export function judge(stream: JudgedStream, event: JudgedEvent, history: History): Judgement {
	const { position } = event;
	const { past, openedFrom } = stream;
	const { return: back, ending } = past ?? {};
	if (ending !== undefined && position >= ending.to) return { verdict: "no-stream" };
	const isEarlier = position < openedFrom;
	if (isEarlier && back === undefined) return { verdict: "no-stream" };
	const address = misses(stream, event);
	if (address !== undefined) return { verdict: address };
	const origin = event.sortKey?.origin;
	// An event without an id is for live streams.
	if (isEarlier && origin === undefined) return { verdict: "no-stream" };
	if (back === undefined) {
		if (history.isOfPast(event)) return { verdict: "gap" };
	} else {
		if (position < back.from) return beforeReplay(back);
		// Also of events that arrived while the stream waited for the one that its client had seen.
		if (wasSeen(position, origin, back.cursor)) return { verdict: "seen" };
		if (hasPassed(position, origin, back.cursor, history.lastPast)) return { verdict: "gap" };
	}
	return lost(stream, position) ?? unwritten(stream, position) ?? delivered(stream, event);
}

/** Why an event was not replayed to a client that came back. */
function beforeReplay({ told }: Return): Judgement {
	if (told === undefined) return { verdict: "seen" };
	return told === "revoked" ? { verdict: "revoked" } : { verdict: "reset", reason: told };
}

/** Whether a stream answers to a recipient of the event, and listens to its name. */
export function addresses(stream: JudgedStream, event: JudgedEvent): boolean {
	return misses(stream, event) === undefined;
}

function misses(
	{ sessionIds, eventNames }: JudgedStream,
	{ recipients, eventName }: JudgedEvent
): SseVerdictName | undefined {
	const isFor = recipients.has(EVERYONE) || sessionIds.some(id => recipients.has(id));
	if (!isFor) return "not-addressed";
	return eventNames.includes(eventName) ? undefined : "not-subscribed";
}

function lost({ unwrittenEvents }: JudgedStream, position: number): Judgement | undefined {
	const loss = unwrittenEvents?.find(position);
	switch (loss?.kind) {
		case "dropped":
			return { verdict: "dropped" };
		case "conflated":
			return { verdict: "conflated", by: loss.by };
		case "expired":
			return { verdict: "reset", reason: "expired" };
		case "forgotten":
			return { verdict: "too-old" };
		default:
			return undefined;
	}
}

/** What has not left the process; while the stream is not closed, it still may. */
function unwritten(stream: JudgedStream, position: number): Judgement | undefined {
	const reached = (first: number | undefined): boolean => !!first && position >= first;
	const { ending, unsent } = stream.past ?? {};
	if (reached(ending?.unwritten) || reached(unsent)) {
		const reason = ending?.reason === undefined ? {} : { reason: ending.reason };
		return { verdict: ending?.isRevoked ? "revoked" : "cut-off", ...reason };
	}
	if (!("phase" in stream)) return undefined;
	if (!reached(stream.unread) && !reached(stream.unsentFirst)) return undefined;
	return { verdict: "waits", behind: stream.unsent };
}

function delivered({ openedAt }: JudgedStream, { at }: KeptEvent): Judgement {
	return { verdict: "delivered", at: Math.max(at, openedAt) };
}
