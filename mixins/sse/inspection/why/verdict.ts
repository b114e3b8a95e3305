import { EVERYONE } from "../../core/addressing/session-id.ts";
import type { KeptEvent } from "../../core/history/event-store.ts";
import type { History } from "../../core/history/history.ts";
import { hasPassed, wasSeen } from "../../core/history/replay-cursor.ts";
import type { PastStream } from "../../gateway/past-streams.ts";
import type { EventStream } from "../../streams/event-stream.ts";

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

/** What became of an event that the history keeps. */
export function judge(stream: JudgedStream, event: KeptEvent, history: History): Judgement {
	const { position } = event;
	const { past, openedFrom } = stream;
	const { return: back, ending } = past ?? {};
	if (ending !== undefined && position >= ending.to) return { verdict: "no-stream" };
	const isReplayed = back !== undefined && position >= back.from && position < openedFrom;
	if (position < openedFrom && !isReplayed) return beforeStream(stream);
	const address = misses(stream, event);
	if (address !== undefined) return { verdict: address };
	if (back !== undefined && position < back.from) return beforeStream(stream);
	const origin = event.sortKey?.origin;
	if (isReplayed && back !== undefined) {
		if (wasSeen(position, origin, back.cursor)) return { verdict: "seen" };
		if (hasPassed(position, origin, back.cursor, history.lastPast)) return { verdict: "gap" };
	} else if (history.isOfPast(event)) {
		return { verdict: "gap" };
	}
	return lost(stream, position) ?? unwritten(stream, position) ?? delivered(stream, event);
}

/** Why an event from before a stream was not replayed to it. */
function beforeStream({ past }: JudgedStream): Judgement {
	const back = past?.return;
	if (back === undefined) return { verdict: "no-stream" };
	if (back.told === undefined) return { verdict: "seen" };
	return back.told === "revoked" ? { verdict: "revoked" } : { verdict: "reset", reason: back.told };
}

/** Whether a stream answers to a recipient of the event, and listens to its name. */
export function addresses(stream: JudgedStream, event: KeptEvent): boolean {
	return misses(stream, event) === undefined;
}

function misses(
	{ sessionIds, eventNames }: JudgedStream,
	event: KeptEvent
): SseVerdictName | undefined {
	const isFor = (id: string): boolean => id === EVERYONE || sessionIds.includes(id);
	if (!event.sessionIds.some(isFor)) return "not-addressed";
	return eventNames.includes(event.eventName) ? undefined : "not-subscribed";
}

function lost({ losses }: JudgedStream, position: number): Judgement | undefined {
	const loss = losses?.find(position);
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
