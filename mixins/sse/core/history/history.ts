import type { Subscription } from "../addressing/registry.ts";
import type { Frame } from "../event/frame.ts";
import { Slab } from "../event/slab.ts";
import type { IdOrder, ResetReason } from "./id-order.ts";
import { hasPassed, type ReplayCursor, wasSeen } from "./replay-cursor.ts";
import { readResumeToken, writeResumeToken } from "./resume-token.ts";
import type { Retention } from "./retained-events.ts";
import { type Gap, Timeline } from "./timeline.ts";

/** Milliseconds by which two gateways that begin may differ in when they meet a sender. */
const MEETING = 5000;

export interface HistoryOptions extends Retention {
	/** Names this gateway and its life in resume tokens; no other gateway has the same. */
	gateway: string;
}

/**
 * The recent events of the whole bus, in the order in which they arrived here. Determines where a replay starts, or why the
 * client must be reset.
 */
export class History extends Timeline {
	#gateway = "";
	/** `performance.now()` at which it began. */
	#begunAt = 0;
	/** Where, and when, it was last learnt that clients who had come from another gateway may lack something, see {@link passOver}. */
	#passedOver: Gap = { position: 0, at: Number.NEGATIVE_INFINITY };

	/** @param slab Memory of the frames that it is given to keep. */
	constructor(options: HistoryOptions, order: IdOrder, slab: Slab = new Slab()) {
		super(options, order, slab);
		this.restart(options.gateway);
	}

	/**
	 * Starts again, empty: what was kept arrives again, or is over. Of resume tokens from before, only the event id is still
	 * valid.
	 */
	restart(gateway: string): void {
		this.#gateway = gateway.replaceAll("~", "%7E");
		this.#begunAt = performance.now();
		this.clear();
	}

	/**
	 * Up to `at`, the bus had events that never arrive here, because they were sent before this gateway was there. Clients of this
	 * gateway do not miss them; clients of others may, also if they have come here meanwhile.
	 *
	 * @returns Whether these may be any that have come here.
	 */
	passOver(at: number, now: number): boolean {
		this.dateGap(at);
		if (at <= this.#claimedUntil) return false;
		this.#passedOver = { position: this.takePosition(), at: now };
		return true;
	}

	/** Until when a client has everything that may have come from another gateway at any time. */
	get #claimedUntil(): number {
		return this.#begunAt - this.order.lookback;
	}

	/** The resume token of a stream that is live now. */
	resumeToken(now: number): string {
		return this.#write(this.newestId, now - this.newestAt > this.order.lookback);
	}

	/** The same while something that was sent after an event is suspected to be missing. */
	resumeTokenAfter(eventId: string): string {
		// For how long nothing has been missing is not known.
		return this.#write(eventId, false);
	}

	#write(eventId: string, settled: boolean): string {
		return writeResumeToken({ eventId, gateway: this.#gateway, position: this.head - 1, settled });
	}

	/** Whether a client that cannot resume now may be able to later, because the event has not arrived here yet. */
	mayCome(lastEventId: string, reason: ResetReason): boolean {
		const resumeToken = readResumeToken(lastEventId);
		// No client was ever further on this gateway than the gateway itself.
		if (resumeToken?.gateway === this.#gateway) return false;
		return this.order.mayCome(resumeToken?.eventId ?? lastEventId, reason);
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
		liveFrom: number = this.head
	): ReplayCursor | ResetReason {
		const { from, reason } = this.withheld.admit(stream, now);
		// No event that may still arrive would change that.
		if (from > this.head) return reason;
		const cursor = this.#locate(lastEventId, now, liveFrom);
		if (typeof cursor === "string") return cursor;
		return cursor.next >= from || this.#onlyReachesBack(cursor, from, stream) ? cursor : reason;
	}

	/**
	 * Where a stream continues after it was told that it may have missed something: where it was opened. What has arrived since
	 * was sent to a stream that was there, and only had to wait; unless it has been revoked meanwhile, and is still open.
	 *
	 * @param liveFrom {@link head} when the stream was opened.
	 */
	sinceOpened(liveFrom: number, now: number, stream: Subscription): ReplayCursor {
		const { from } = this.withheld.admit(stream, now, liveFrom);
		const next = Math.min(Math.max(liveFrom, from), this.head);
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
		const { lookback } = this.order;
		const decided = { liveFrom, decidedAt: this.head };
		const claimedUntil = this.#claimedUntil;
		if (resumeToken?.gateway === this.#gateway) {
			const { position } = resumeToken;
			if (position >= this.head) return "unknown";
			// It may have come from another gateway the time before.
			if (position < this.#passedOver.position) return "gap";
			return this.#from({
				next: position + 1,
				seen: 0,
				seenOrigin: undefined,
				...decided,
				claimedUntil
			});
		}
		const eventId = resumeToken?.eventId ?? lastEventId;
		const event = this.recall(eventId);
		if (event === undefined) return this.whyMissing(eventId);
		const seen = event.position;
		const seenOrigin = event.sortKey?.origin;
		if (resumeToken?.settled || lookback === 0)
			return this.#from({ next: seen + 1, seen, seenOrigin, ...decided });

		// Other origins' events may have reached the client's last gateway in another order than this one: what arrived just
		// before the event here may have arrived after it there.
		const from = event.at - lookback;
		const first = this.firstSince(from);
		if (first === null) return "expired";
		if (this.lastGap.at > from) return "gap";
		// This gateway itself may have given the id, or another one that has begun as late.
		const { position, at } = this.#passedOver;
		if (seen < position || event.at < at + MEETING) return "gap";
		const next = first?.position ?? seen;
		return this.#from(
			{ next, seen, seenOrigin, ...decided, claimedUntil: Math.min(from, claimedUntil) },
			this.lastGap.position
		);
	}

	#from(cursor: ReplayCursor, lastGap = this.lastGapPosition): ReplayCursor | ResetReason {
		if (cursor.next < this.tail) return "expired";
		return lastGap >= cursor.next ? "gap" : cursor;
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
			to: this.head,
			isWanted: (position, origin) =>
				!wasSeen(position, origin, cursor) && !hasPassed(position, origin, cursor, this.lastPast),
			maxBytes
		});
		cursor.next = stoppedAt === undefined ? this.head : stoppedAt + 1;
		return frames;
	}

	/** Whether nothing is left of a replay. */
	isRead({ next }: ReplayCursor): boolean {
		return next >= this.head;
	}
}
