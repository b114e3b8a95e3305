import type { Revocation } from "./close.ts";
import { type Cursor, hasPassed, wasSeen } from "./cursor.ts";
import type { SseEvent } from "./event.ts";
import { Evicted } from "./evicted.ts";
import type { Frame } from "./frame.ts";
import { KeptEvents, type Known } from "./kept-events.ts";
import type { Order, Rank, ResetReason } from "./order.ts";
import { readPlace, writePlace } from "./place.ts";
import type { Subscription } from "./registry.ts";
import { RevokedPlaces } from "./revoked-places.ts";
import { Slab, type Span } from "./slab.ts";

export interface HistoryOptions {
	/** Bytes kept, the book-keeping included. */
	maxBytes: number;
	/** Milliseconds that an event is kept. */
	maxAge: number;
	/** This gateway and its life, for places; no other gateway has the same. */
	gateway: string;
}

const NOBODY = { eventName: "", sessionId: [], payload: null };
const NOTHING: Frame = new Uint8Array(0);

/**
 * The events of the recent past, all of the bus, in the order in which they arrived here; bounded in bytes
 * and age. From it follows where a replay begins, or why nothing can be proven.
 */
export class History {
	readonly #options: HistoryOptions;
	readonly #order: Order;
	#gateway = "";
	readonly #kept: KeptEvents;
	readonly #slab: Slab;
	readonly #revoked: RevokedPlaces;
	/** Position of the next event; positions count from 1. */
	#head = 1;
	/** Position of the oldest event kept. */
	#tail = 1;
	/** Position of the newest event that was sent before what had come already. */
	#lastPast = 0;
	/** Where, and when, the bus lost events last. */
	#lastGap = { position: 0, at: Number.NEGATIVE_INFINITY };
	/** Where the id of the newest event stands, of those that have one, and when that came. */
	#newest: Rank | undefined;
	#newestAt = Number.NEGATIVE_INFINITY;
	readonly #evicted = new Evicted();

	/** @param slab Where the frames stand that it is given to keep. */
	constructor(options: HistoryOptions, order: Order, slab: Slab = new Slab()) {
		this.#options = options;
		this.#order = order;
		this.#slab = slab;
		this.#kept = new KeptEvents(rank => order.idOf(rank));
		this.#revoked = new RevokedPlaces(options.maxAge);
		this.restart(options.gateway);
	}

	/**
	 * Begins anew, empty: what was kept comes again, or is over. Places from before are then good for the ids of
	 * their events alone.
	 */
	restart(gateway: string): void {
		this.#gateway = gateway.replaceAll("~", "%7E");
		this.#kept.clear();
		this.#tail = this.#head;
		this.#newest = undefined;
		this.#newestAt = Number.NEGATIVE_INFINITY;
		this.#evicted.clear();
		this.#revoked.forgetLetIns();
	}

	/** Number of events kept. */
	get length(): number {
		return this.#kept.length;
	}

	/** Bytes that they take, the book-keeping included. */
	get bytes(): number {
		return this.#kept.bytes;
	}

	/** Position of the next event to come. */
	get head(): number {
		return this.#head;
	}

	/** The place of a stream that is live now. */
	place(now: number): string {
		return writePlace({
			eventId: this.#newest === undefined ? "" : this.#order.idOf(this.#newest),
			gateway: this.#gateway,
			position: this.#head - 1,
			settled: now - this.#newestAt > this.#order.overlap
		});
	}

	/** Whether an event is kept, or was the last that no longer is. */
	has(id: string): boolean {
		return this.#recall(id) !== undefined;
	}

	/** Whether what cannot be resumed now may be because the event has not come here yet. */
	mayCome(lastEventId: string, reason: ResetReason): boolean {
		const place = readPlace(lastEventId);
		// Nobody was ever further on this gateway than it is itself.
		if (place?.gateway === this.#gateway) return false;
		return this.#order.mayCome(place?.eventId ?? lastEventId, reason);
	}

	/**
	 * Keeps an event that has arrived at `now`, in milliseconds on a clock that never goes back, and whose frame there is
	 * already.
	 *
	 * @param isPast It was sent before what has come already: its place is behind streams that were let in since.
	 */
	append(event: SseEvent, frame: Frame, now: number, isPast = false): void {
		this.#append(event, frame, false, now, isPast);
	}

	/**
	 * The same for an event that no stream gets now: its frame is made if one comes back for it.
	 *
	 * @param json Of the payload, as text or as its UTF-8.
	 */
	appendBare(event: SseEvent, json: string | Uint8Array, now: number, isPast = false): void {
		this.#append(event, this.#slab.keep(json), true, now, isPast);
	}

	#append(event: SseEvent, kept: Span, isBare: boolean, now: number, isPast: boolean): void {
		const { id } = event;
		if (isPast) {
			this.#revoked.forgetLetIns();
			this.#lastPast = this.#head;
		}
		const rank = event.rank ?? (id === undefined ? undefined : this.#order.rankOf(id));
		this.#kept.append(event, kept, isBare, { position: this.#head++, at: now, rank });
		if (rank !== undefined) {
			this.#newest = rank;
			this.#newestAt = now;
		}
		this.expire(now);
	}

	/** A point in the order of the bus without an event, that a client may have seen everything up to. */
	note(id: string, now: number): void {
		this.append({ id, ...NOBODY }, NOTHING, now);
	}

	/** The bus has, or may have, lost events that would have arrived before the next. */
	markGap(now: number): void {
		// A position of its own: places from before it and from behind it differ.
		this.#lastGap = { position: this.#head++, at: now };
	}

	/**
	 * The bus had events until then that never come here: they were sent before this gateway was there. To clients of this
	 * gateway they are nothing; those of others may miss them.
	 */
	passOver(at: number): void {
		if (at > this.#lastGap.at) this.#lastGap = { ...this.#lastGap, at };
	}

	/** What was sent to streams until now, and what is sent until they are let in again, is not replayed to them. */
	revoke(revocation: Revocation, now: number): void {
		// A position of its own, as a gap has one.
		this.#revoked.add(revocation, this.#head++, now);
	}

	/**
	 * A stream is open. If such streams had been revoked, what comes from now on may be replayed to them. Not
	 * before it is decided from where this one goes on, see {@link since}.
	 */
	letIn(stream: Subscription, now: number): void {
		this.#revoked.letIn(stream, this.#head, now);
	}

	/** Lets go of what is too old or too much. */
	expire(now: number): void {
		const { maxBytes, maxAge } = this.#options;
		while (now - this.#kept.oldestAt > maxAge || this.#kept.bytes > maxBytes) {
			const oldest = this.#kept.shift();
			this.#evicted.add(oldest, oldest.isForNobody);
			if (!oldest.isForNobody) this.#tail = oldest.position + 1;
		}
	}

	/**
	 * Where the replay for a client begins, or why it cannot be proven that nothing would be missing.
	 *
	 * @param lastEventId The place, or the id of the event, up to which the client has seen everything, as it says:
	 * it may name any. What is not for it is kept from it wherever it says to have been.
	 * @param stream What the replay is for.
	 * @param liveFrom {@link head} when the stream was opened.
	 */
	since(
		lastEventId: string,
		now: number,
		stream: Subscription,
		liveFrom: number = this.#head
	): Cursor | ResetReason {
		const { from, reason } = this.#revoked.admit(stream, now);
		// No event that may still come would change that.
		if (from > this.#head) return reason;
		const cursor = this.#locate(lastEventId, now, liveFrom);
		if (typeof cursor === "string") return cursor;
		return cursor.next >= from || this.#onlyReachesBack(cursor, from, stream) ? cursor : reason;
	}

	/**
	 * Where a stream goes on that has been told that it may have missed something: where it was opened. What came since was
	 * sent to a stream that was there, and only had to wait.
	 *
	 * @param liveFrom {@link head} when the stream was opened.
	 */
	sinceOpened(liveFrom: number, now: number, stream: Subscription): Cursor {
		const { from } = this.#revoked.admit(stream, now);
		const next = Math.min(Math.max(liveFrom, from), this.#head);
		return { next, seen: 0, seenOrigin: undefined, liveFrom, decidedAt: liveFrom };
	}

	/**
	 * Whether the client says to have been behind a position, and the replay would repeat nothing from before it. No
	 * as well if that takes long to find out.
	 */
	#onlyReachesBack(cursor: Cursor, position: number, stream: Subscription): boolean {
		if (cursor.seen < position) return false;
		const { frames, stoppedAt } = this.#kept.read(stream, {
			from: cursor.next,
			to: position,
			isWanted: (at, origin) => !wasSeen(at, origin, cursor),
			maxBytes: 1
		});
		return frames.length === 0 && stoppedAt === undefined;
	}

	#locate(lastEventId: string, now: number, liveFrom: number): Cursor | ResetReason {
		this.expire(now);
		const place = readPlace(lastEventId);
		const decided = { liveFrom, decidedAt: this.#head };
		if (place?.gateway === this.#gateway) {
			if (place.position >= this.#head) return "unknown";
			return this.#from({ next: place.position + 1, seen: 0, seenOrigin: undefined, ...decided });
		}
		const eventId = place?.eventId ?? lastEventId;
		const event = this.#recall(eventId);
		if (event === undefined) {
			const oldest = this.#kept.oldest?.rank;
			return this.#order.whyMissing(eventId, { oldest, newest: this.#newest });
		}
		const seen = event.position;
		const seenOrigin = event.rank?.origin;
		const { overlap } = this.#order;
		if (place?.settled || overlap === 0)
			return this.#from({ next: seen + 1, seen, seenOrigin, ...decided });

		// Other origins' events may have reached the client's last gateway in another order than this one:
		// what came just before the event here may have come after it there.
		const from = event.at - overlap;
		if (this.#evicted.at > from) return "expired";
		if (this.#lastGap.at > from) return "gap";
		const next = this.#kept.firstSince(from)?.position ?? seen;
		return this.#from({ next, seen, seenOrigin, ...decided });
	}

	#from(cursor: Cursor): Cursor | ResetReason {
		if (cursor.next < this.#tail) return "expired";
		return this.#lastGap.position >= cursor.next ? "gap" : cursor;
	}

	#recall(eventId: string): Known | undefined {
		const rank = this.#order.rankOf(eventId);
		if (rank === undefined) return undefined;
		return this.#evicted.find(rank) ?? this.#kept.find(rank);
	}

	/**
	 * The next frames of a replay, oldest first, and moves the cursor behind them. What is read of the past meanwhile
	 * passes a replay by as it passes streams that are live: those are told.
	 *
	 * @param maxBytes Stops after the frame that reaches it.
	 * @returns There may be more, also behind none, until {@link isRead}; null if the ring has let go of what comes next.
	 */
	read(cursor: Cursor, stream: Subscription, maxBytes: number): Frame[] | null {
		if (cursor.next < this.#tail) return null;
		const { frames, stoppedAt } = this.#kept.read(stream, {
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
	isRead({ next }: Cursor): boolean {
		return next >= this.#head;
	}
}
