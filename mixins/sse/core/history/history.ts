import type { Subscription } from "../addressing/registry.ts";
import type { SseEvent } from "../event/event.ts";
import type { Frame } from "../event/frame.ts";
import { Slab, type Span } from "../event/slab.ts";
import type { Revocation } from "../revocation/revocation.ts";
import { WithheldEvents } from "../revocation/withheld-events.ts";
import type { Known } from "./event-store.ts";
import type { IdOrder, ResetReason } from "./id-order.ts";
import { hasPassed, type ReplayCursor, wasSeen } from "./replay-cursor.ts";
import { readResumeToken, writeResumeToken } from "./resume-token.ts";
import { RetainedEvents, type Retention } from "./retained-events.ts";

export interface HistoryOptions extends Retention {
	/** Names this gateway and its life in resume tokens; no other gateway has the same. */
	gateway: string;
}

const NOBODY = { eventName: "", sessionId: [], payload: null };
const NOTHING: Frame = new Uint8Array(0);

/**
 * The recent events of the whole bus, in the order in which they arrived here. Determines where a replay starts, or why the
 * client must be reset.
 */
export class History extends RetainedEvents {
	#gateway = "";
	readonly #slab: Slab;
	readonly #withheld: WithheldEvents;
	/** Position of the next event; positions count from 1. */
	#head = 1;
	/** Position of the newest event that was sent before others that had already arrived. */
	#lastPast = 0;
	/** Where, and when, the bus last lost events. */
	#lastGap = { position: 0, at: Number.NEGATIVE_INFINITY };

	/** @param slab Memory of the frames that it is given to keep. */
	constructor(options: HistoryOptions, order: IdOrder, slab: Slab = new Slab()) {
		super(options, order);
		this.#slab = slab;
		this.#withheld = new WithheldEvents(options.maxAge);
		this.restart(options.gateway);
	}

	/**
	 * Starts again, empty: what was kept arrives again, or is over. Of resume tokens from before, only the event id is still
	 * valid.
	 */
	restart(gateway: string): void {
		this.#gateway = gateway.replaceAll("~", "%7E");
		this.forget(this.#head);
		this.#withheld.forgetLetIns();
	}

	/** Position of the next event. */
	get head(): number {
		return this.#head;
	}

	/** Position of the newest event that was sent before events that had already arrived. */
	get lastPast(): number {
		return this.#lastPast;
	}

	/** Whether an event was read from the past, so that the streams that were open then did not get it. */
	isOfPast({ position, sortKey }: Known): boolean {
		return sortKey !== undefined && position <= this.#lastPast;
	}

	/** The resume token of a stream that is live now. */
	resumeToken(now: number): string {
		return writeResumeToken({
			eventId: this.newestId,
			gateway: this.#gateway,
			position: this.#head - 1,
			settled: now - this.newestAt > this.order.lookback
		});
	}

	/** Whether a client that cannot resume now may be able to later, because the event has not arrived here yet. */
	mayCome(lastEventId: string, reason: ResetReason): boolean {
		const resumeToken = readResumeToken(lastEventId);
		// No client was ever further on this gateway than the gateway itself.
		if (resumeToken?.gateway === this.#gateway) return false;
		return this.order.mayCome(resumeToken?.eventId ?? lastEventId, reason);
	}

	/**
	 * Keeps an event that has arrived at `now`, in milliseconds on a clock that never goes back, and that has a frame already.
	 *
	 * @param isPast It was sent before events that have already arrived; its position is after the streams that were let in
	 * since.
	 */
	append(event: SseEvent, frame: Frame, now: number, isPast = false): void {
		this.#append(event, frame, false, now, isPast);
	}

	/**
	 * The same for an event that no stream gets now: its frame is made when a returning stream needs it.
	 *
	 * @param data The frame's `data`, as text or in UTF-8.
	 */
	appendBare(event: SseEvent, data: string | Uint8Array, now: number, isPast = false): void {
		this.#append(event, this.#slab.keep(data), true, now, isPast);
	}

	#append(event: SseEvent, kept: Span, isBare: boolean, now: number, isPast: boolean): void {
		const { id } = event;
		if (isPast) {
			this.#withheld.forgetLetIns();
			this.#lastPast = this.#head;
		}
		const sortKey = event.sortKey ?? (id === undefined ? undefined : this.order.sortKeyOf(id));
		this.keep(event, kept, isBare, { position: this.#head++, at: now, sortKey });
	}

	/** A position in the order of the bus without an event; a client may have seen everything up to it. */
	note(id: string, now: number): void {
		this.append({ id, ...NOBODY }, NOTHING, now);
	}

	/** Without a gap, what is missing was not lost: it was sent before this gateway was there, or was refused. */
	override whyNotKept(id: string): "gone" | "gap" | "unknown" {
		const why = super.whyNotKept(id);
		return why === "gap" && this.#lastGap.position === 0 ? "gone" : why;
	}

	/** The bus has lost, or may have lost, events that would have arrived before the next one. */
	markGap(now: number): void {
		// It has a position of its own, so that resume tokens from before and after it differ.
		this.#lastGap = { position: this.#head++, at: now };
	}

	/**
	 * Up to `at`, the bus had events that never arrive here, because they were sent before this gateway was there. Clients of
	 * this gateway do not miss them; clients of others may.
	 */
	passOver(at: number): void {
		if (at > this.#lastGap.at) this.#lastGap = { ...this.#lastGap, at };
	}

	/** What was sent to these streams so far, and what is sent until they are let in again, is not replayed to them. */
	revoke(revocation: Revocation, now: number): void {
		// It has a position of its own, like a gap.
		this.#withheld.add(revocation, this.#head++, now);
	}

	/**
	 * A stream is open. If such streams had been revoked, what arrives from now on may be replayed to them. Call this only
	 * after {@link since} has decided where this stream continues.
	 */
	letIn(stream: Subscription, now: number): void {
		this.#withheld.letIn(stream, this.#head, now);
	}

	/**
	 * Where the replay for a client starts, or why the client must be reset.
	 *
	 * @param lastEventId The resume token or the event id up to which the client claims to have seen everything. It may name
	 * any position: what is not for the client is withheld from it whatever it claims.
	 * @param stream Gets the replay.
	 * @param liveFrom {@link head} when the stream was opened.
	 */
	since(
		lastEventId: string,
		now: number,
		stream: Subscription,
		liveFrom: number = this.#head
	): ReplayCursor | ResetReason {
		const { from, reason } = this.#withheld.admit(stream, now);
		// No event that may still arrive would change that.
		if (from > this.#head) return reason;
		const cursor = this.#locate(lastEventId, now, liveFrom);
		if (typeof cursor === "string") return cursor;
		return cursor.next >= from || this.#onlyReachesBack(cursor, from, stream) ? cursor : reason;
	}

	/**
	 * Where a stream continues after it was told that it may have missed something: where it was opened. What has arrived since
	 * was sent to a stream that was there, and only had to wait.
	 *
	 * @param liveFrom {@link head} when the stream was opened.
	 */
	sinceOpened(liveFrom: number, now: number, stream: Subscription): ReplayCursor {
		const { from } = this.#withheld.admit(stream, now);
		const next = Math.min(Math.max(liveFrom, from), this.#head);
		return { next, seen: 0, seenOrigin: undefined, liveFrom, decidedAt: liveFrom };
	}

	/**
	 * Whether the client claims to have been past a position, and the replay would repeat nothing from before it. Also false if
	 * that takes long to find out.
	 */
	#onlyReachesBack(cursor: ReplayCursor, position: number, stream: Subscription): boolean {
		if (cursor.seen < position) return false;
		const { frames, stoppedAt } = this.find(stream, {
			from: cursor.next,
			to: position,
			isWanted: (at, origin) => !wasSeen(at, origin, cursor),
			maxBytes: 1
		});
		return frames.length === 0 && stoppedAt === undefined;
	}

	#locate(lastEventId: string, now: number, liveFrom: number): ReplayCursor | ResetReason {
		this.expire(now);
		const resumeToken = readResumeToken(lastEventId);
		const decided = { liveFrom, decidedAt: this.#head };
		if (resumeToken?.gateway === this.#gateway) {
			if (resumeToken.position >= this.#head) return "unknown";
			return this.#from({
				next: resumeToken.position + 1,
				seen: 0,
				seenOrigin: undefined,
				...decided
			});
		}
		const eventId = resumeToken?.eventId ?? lastEventId;
		const event = this.recall(eventId);
		if (event === undefined) return this.whyMissing(eventId);
		const seen = event.position;
		const seenOrigin = event.sortKey?.origin;
		const { lookback } = this.order;
		if (resumeToken?.settled || lookback === 0)
			return this.#from({ next: seen + 1, seen, seenOrigin, ...decided });

		// Other origins' events may have reached the client's last gateway in another order than this one: what arrived just
		// before the event here may have arrived after it there.
		const from = event.at - lookback;
		const first = this.firstSince(from);
		if (first === null) return "expired";
		if (this.#lastGap.at > from) return "gap";
		const next = first?.position ?? seen;
		return this.#from({ next, seen, seenOrigin, ...decided });
	}

	#from(cursor: ReplayCursor): ReplayCursor | ResetReason {
		if (cursor.next < this.tail) return "expired";
		return this.#lastGap.position >= cursor.next ? "gap" : cursor;
	}

	/**
	 * Reads the next frames of a replay, oldest first, and moves the cursor past them. Events of the past that arrive meanwhile
	 * are not replayed, just as live streams do not get them: such streams are told.
	 *
	 * @param maxBytes Stops after the frame that reaches it.
	 * @returns The frames, maybe none; there may be more until {@link isRead}. Null if what comes next is no longer kept.
	 */
	read(cursor: ReplayCursor, stream: Subscription, maxBytes: number): Frame[] | null {
		if (cursor.next < this.tail) return null;
		const { frames, stoppedAt } = this.find(stream, {
			from: cursor.next,
			to: this.#head,
			isWanted: (position, origin) =>
				!wasSeen(position, origin, cursor) && !hasPassed(position, origin, cursor, this.#lastPast),
			maxBytes
		});
		cursor.next = stoppedAt === undefined ? this.#head : stoppedAt + 1;
		return frames;
	}

	/** Whether nothing is left of a replay. */
	isRead({ next }: ReplayCursor): boolean {
		return next >= this.#head;
	}
}
