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

/** Bytes read from the history at a time, at most, before the client's pace is looked at. */
const SLICE = 65_536;
/**
 * Milliseconds that an event may be later here than on the gateway where the client got it. A client
 * that was cut off and comes to another gateway at once may be ahead of it.
 */
const AHEAD = 2000;
/** Milliseconds until the first look whether it has come; each look doubles them. */
const FIRST_LOOK = 10;

/** The event loop is one for all gateways of a process. */
const turns = new Turns();

/** What a stream begins from. */
export interface Beginning {
	/** Undefined if none is kept. */
	readonly history: History | undefined;
	readonly counters: Pick<GatewayCounters, "streamsResumed" | "eventsReplayed">;
	/** Whether the ids of events may be given: nothing is suspected to be missing before them. */
	readonly isWhole: boolean;
	/** Senders are being asked where they are: what they have sent unheard is told when they have answered. */
	readonly isMeeting: boolean;
	/** A resume token behind which nothing is suspected to be missing. */
	resumeTokenFor(stream: EventStream): string | undefined;
	/** A stream is live from now on. */
	released(stream: EventStream): void;
}

/**
 * Begins a stream: a new one live, a returning one where it was, or with the news that something may
 * be missing. While the stream is held, live events pass it by; the history has them, and they are read
 * from there in their order.
 *
 * @param hello What the first frame says, by the time at which it is written.
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
	/** Of one that is told: behind it comes what was sent since it was opened. */
	let resumeToken: string | undefined;
	let pause = FIRST_LOOK;
	const failed = (error: Error): void => stream.fail(error);
	// What is lost where this gateway meets the senders is told once, with this.
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
		// Behind the decision: what was sent before this stream is not for it because it has come.
		history.letIn(stream, now);
		if (isTold) from.counters.streamsResumed.add(answer);
		else answer.isUncounted = true;
		const reset = isTold ? resetOf(answer, resumeToken) : undefined;
		stream.beginHeld(openFrame(eventNames, !isTold, hello()), reset);
		replay(stream, from, history, cursor);
	};
	decide();
}

/** Where a stream was when it was held. */
export interface Held {
	/** Position in the history of what comes next. */
	readonly liveFrom: number;
	readonly resumeToken: string | undefined;
}

/**
 * Brings a stream up to date that was live, and has been held since then.
 *
 * @param before `performance.now()` by which what it may have missed had been sent: it is told of that first, unless it was told
 * meanwhile.
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
	const failed = (error: Error): void => stream.fail(error);
	const goOn = (): void => replay(stream, from, history, cursor);
	// What waits for a slow client since before it was held is not dropped for what follows it.
	if (!stream.isReady) {
		stream.onDrain(guard(failed, goOn));
		return;
	}
	const frames = history.read(cursor, stream, Math.min(SLICE, stream.maxUnsentBytes / 2));
	if (frames === null) {
		countResumed(from, cursor, "expired");
		stream.writeReset(resetOf("expired", from.resumeTokenFor(stream)));
	} else {
		from.counters.eventsReplayed += frames.length;
		if (frames.length > 0) countResumed(from, cursor, "replayed");
		const shown = from.isWhole ? frames : frames.map(withoutId);
		if (shown.length > 0 && !stream.write(...shown)) {
			stream.onDrain(guard(failed, goOn));
			return;
		}
		// Where finding it takes longer than writing it, no client's pace holds it up.
		if (!history.isRead(cursor)) {
			turns.later(goOn, failed);
			return;
		}
	}
	countResumed(from, cursor, "live");
	if (stream.goLive()) from.released(stream);
}

/** What becomes of a client that comes back shows when it gets the first event, or none: it counts once. */
function countResumed(from: Beginning, cursor: ReplayCursor, outcome: ResumeOutcome): void {
	if (cursor.isUncounted) from.counters.streamsResumed.add(outcome);
	cursor.isUncounted = false;
}
