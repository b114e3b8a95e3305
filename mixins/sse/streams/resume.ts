import { guard } from "../core/errors/guard.ts";
import { inOwnBuffer } from "../core/event/chunk.ts";
import { type OpenOptions, openFrame, resetOf } from "../core/event/control-events.ts";
import { withoutId } from "../core/event/frame.ts";
import type { History } from "../core/history/history.ts";
import type { ResetReason } from "../core/history/id-order.ts";
import type { ReplayCursor } from "../core/history/replay-cursor.ts";
import type { GatewayCounters } from "../core/metrics/counters.ts";
import type { ResumeOutcome } from "../core/metrics/label-values.ts";
import type { EventStream } from "./event-stream.ts";
import { Turns } from "./replay-turns.ts";

/** Most bytes that are read from the history before the client's pace is checked. */
const SLICE = 65_536;
/**
 * Milliseconds by which an event may arrive here later than on the gateway where the client got it. A client that was cut off
 * and comes to another gateway at once may be ahead of it.
 */
const AHEAD = 2000;
/** Milliseconds until the first check of whether it has arrived; doubled by each check. */
const FIRST_LOOK = 10;

/** All gateways of a process share one event loop. */
const turns = new Turns();

/** What a stream starts from. */
export interface Beginning {
	/** Undefined if no history is kept. */
	readonly history: History | undefined;
	readonly counters: Pick<GatewayCounters, "streamsResumed" | "eventsReplayed">;
	/** Whether events may be sent with their ids: nothing is suspected to be missing before them. */
	readonly isWhole: boolean;
	/** Whether senders are being asked for their positions: what they sent unheard is reported once they have answered. */
	readonly isMeeting: boolean;
	/** A resume token before which nothing is suspected to be missing. */
	resumeTokenFor(stream: EventStream): string | undefined;
	/** A stream is live from now on. */
	released(stream: EventStream): void;
}

/**
 * Begins a stream: a new one live; a returning one where it was, or with the news that something may be missing. While the
 * stream is held, live events skip it; they are then read from the history, in order.
 *
 * @param hello Content of the first frame when it is written.
 */
export function begin(
	stream: EventStream,
	from: Beginning,
	lastEventId: string | undefined,
	hello: () => Omit<OpenOptions, "position">
): void {
	const { eventNames } = stream;
	const { history } = from;
	if (history === undefined) {
		const reset = lastEventId === undefined ? undefined : resetOf("unknown");
		if (reset !== undefined) from.counters.streamsResumed.add("unknown");
		stream.beginLive(openFrame(eventNames, false, hello()), reset);
		return;
	}
	if (lastEventId === undefined) {
		history.letIn(stream, performance.now());
		const position = from.resumeTokenFor(stream);
		stream.beginLive(openFrame(eventNames, false, { ...hello(), position }));
		return;
	}

	const deadline = performance.now() + AHEAD;
	const liveFrom = history.head;
	/**
	 * For a stream that is told that it may have missed something: after it comes what was sent since the stream was opened.
	 */
	let resumeToken: string | undefined;
	let pause = FIRST_LOOK;
	const failed = (error: Error): void => stream.fail(error);
	// What is lost while this gateway meets the senders is reported once, together with this.
	const mayChange = (reason: ResetReason): boolean =>
		from.isMeeting || history.mayCome(lastEventId, reason);
	const decide = (): void => {
		if (!stream.isOpen) return;
		const now = performance.now();
		const answer = history.since(lastEventId, now, stream, liveFrom);
		if (typeof answer === "string") resumeToken ??= from.resumeTokenFor(stream);
		if (typeof answer === "string" && mayChange(answer) && now < deadline) {
			stream.putOff(() => inOwnBuffer(openFrame(eventNames, false, hello())));
			setTimeout(guard(failed, decide), Math.min(pause, deadline - now)).unref();
			pause *= 2;
			return;
		}
		const isTold = typeof answer === "string";
		const cursor = isTold ? history.sinceOpened(liveFrom, now, stream) : answer;
		// After the decision: the client's return does not entitle it to what was sent before this stream.
		history.letIn(stream, now);
		stream.cameBack(cursor, isTold ? answer : undefined);
		if (isTold) from.counters.streamsResumed.add(answer);
		else answer.isUncounted = true;
		const reset = isTold ? resetOf(answer, resumeToken) : undefined;
		stream.beginHeld(openFrame(eventNames, !isTold, hello()), reset);
		replay(stream, from, history, cursor);
	};
	decide();
}

/** The state of a stream when it was held. */
export interface Held {
	/** Position in the history of the next event. */
	readonly liveFrom: number;
	readonly resumeToken: string | undefined;
}

/**
 * Brings a stream up to date that was live, and has been held since then.
 *
 * @param before `performance.now()` by which what it may have missed had been sent: it is told of that first, unless it has
 * been told meanwhile.
 */
export function release(
	stream: EventStream,
	from: Beginning,
	{ liveFrom, resumeToken }: Held,
	before: number
): void {
	const { history } = from;
	if (!stream.isOpen || history === undefined) return;
	if (stream.mayHaveMissed(before)) stream.writeReset(resetOf("gap", resumeToken));
	replay(stream, from, history, history.sinceOpened(liveFrom, performance.now(), stream));
}

/** Writes what the client missed, at its own pace; then the stream is live. */
function replay(
	stream: EventStream,
	from: Beginning,
	history: History,
	cursor: ReplayCursor
): void {
	if (!stream.isOpen) return;
	stream.reads(cursor);
	const failed = (error: Error): void => stream.fail(error);
	const goOn = (): void => replay(stream, from, history, cursor);
	// What has waited for a slow client since before the stream was held is not dropped in favour of what follows.
	if (!stream.isReady) {
		stream.onDrain(guard(failed, goOn));
		return;
	}
	const { next } = cursor;
	const frames = history.read(cursor, stream, Math.min(SLICE, stream.maxUnsentBytes / 2));
	if (frames === null) {
		stream.missedReplay(next, history.head);
		countResumed(from, cursor, "expired");
		stream.writeReset(resetOf("expired", from.resumeTokenFor(stream)));
	} else {
		from.counters.eventsReplayed += frames.length;
		if (frames.length > 0) countResumed(from, cursor, "replayed");
		const shown = from.isWhole ? frames : frames.map(withoutId);
		if (shown.length > 0 && !stream.writePast(shown, next)) {
			stream.onDrain(guard(failed, goOn));
			return;
		}
		// If finding events takes longer than writing them, no client's pace slows this down.
		if (!history.isRead(cursor)) {
			turns.later(goOn, failed);
			return;
		}
	}
	countResumed(from, cursor, "live");
	if (stream.goLive()) from.released(stream);
}

/** The outcome for a client that comes back is known when it gets the first event, or none: it counts once. */
function countResumed(from: Beginning, cursor: ReplayCursor, outcome: ResumeOutcome): void {
	if (cursor.isUncounted) from.counters.streamsResumed.add(outcome);
	cursor.isUncounted = false;
}
