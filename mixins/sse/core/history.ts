import type { Revocation } from "./close.ts";
import type { SseEvent } from "./event.ts";
import { EventLists } from "./event-lists.ts";
import type { Frame } from "./frame.ts";
import type { Order, Rank, ResetReason } from "./order.ts";
import { isSameRank, Origins } from "./origins.ts";
import { readPlace, writePlace } from "./place.ts";
import type { Subscription } from "./registry.ts";
import { RevokedPlaces } from "./revoked-places.ts";
import { Ring } from "./ring.ts";

export interface HistoryOptions {
	/** Bytes kept, the book-keeping included. */
	maxBytes: number;
	/** Milliseconds that an event is kept. */
	maxAge: number;
	/** This gateway and its life, for places; no other gateway has the same. */
	gateway: string;
}

/** Where a replay stands. Opaque. */
export interface Cursor {
	/** Position of the next event to look at. */
	next: number;
	/** Up to here what the client's own origin sent has been seen; others' may have been missed. */
	readonly seen: number;
	readonly seenOrigin: string | undefined;
	/** Events without an id are for live streams: older ones are not repeated. */
	readonly liveFrom: number;
}

/** What is remembered of an event when it is no longer kept. */
interface Known {
	readonly position: number;
	readonly at: number;
	readonly rank: Rank | undefined;
}

/**
 * What an event costs besides its frame, and besides in each list that it stands in; and what a list costs.
 * Measured on Node 24; within a tenth of what is held, whether sessions have many events or one each.
 */
const ENTRY_BYTES = 82;
const LISTED_BYTES = 32;
const LIST_BYTES = 550;

const NONE: Known = { position: 0, at: Number.NEGATIVE_INFINITY, rank: undefined };
const NOBODY = { eventName: "", sessionId: [], payload: null };
const NOTHING: Frame = new Uint8Array(0);

/**
 * The events of the recent past, all of the bus, in the order in which they arrived here. A ring bounded
 * in bytes and age; indexed by session id and event name, so that a replay costs what it replays.
 */
export class History {
	readonly #options: HistoryOptions;
	readonly #order: Order;
	#gateway = "";
	readonly #ring = new Ring();
	readonly #lists = new EventLists();
	readonly #origins = new Origins(row => this.#ring.rankOf(row) as Rank);
	readonly #revoked: RevokedPlaces;
	#bytes = 0;
	/** Position of the next event; positions count from 1. */
	#head = 1;
	/** Position of the oldest event kept. */
	#tail = 1;
	/** Where, and when, the bus lost events last. */
	#lastGap = { position: 0, at: Number.NEGATIVE_INFINITY };
	#newest = { id: "", at: Number.NEGATIVE_INFINITY };
	/** The newest event that is no longer kept. */
	#evicted: Known = NONE;

	constructor(options: HistoryOptions, order: Order) {
		this.#options = options;
		this.#order = order;
		this.#revoked = new RevokedPlaces(options.maxAge);
		this.restart(options.gateway);
	}

	/**
	 * Begins anew, empty: what was kept comes again, or is over. Places from before are then good for the ids of
	 * their events alone.
	 */
	restart(gateway: string): void {
		this.#gateway = gateway.replaceAll("~", "%7E");
		this.#ring.clear();
		this.#lists.clear();
		this.#origins.clear();
		this.#bytes = 0;
		this.#tail = this.#head;
		this.#newest = { id: "", at: Number.NEGATIVE_INFINITY };
		this.#evicted = NONE;
	}

	/** Number of events kept. */
	get length(): number {
		return this.#ring.length;
	}

	/** Bytes that they take, the book-keeping included. */
	get bytes(): number {
		return this.#bytes + this.#lists.size * LIST_BYTES;
	}

	/** Position of the next event to come. */
	get head(): number {
		return this.#head;
	}

	/** The place of a stream that is live now. */
	place(now: number): string {
		return writePlace({
			eventId: this.#newest.id,
			gateway: this.#gateway,
			position: this.#head - 1,
			settled: now - this.#newest.at > this.#order.overlap
		});
	}

	/** Whether an event is kept, or was the last that no longer is. */
	has(id: string): boolean {
		return this.#recall(id) !== undefined;
	}

	/** Whether what cannot be resumed now may be because the event has not come here yet. */
	mayCome(lastEventId: string, reason: ResetReason): boolean {
		const eventId = readPlace(lastEventId)?.eventId ?? lastEventId;
		const isAhead = reason === "unknown" || reason === "epoch";
		return isAhead && this.#order.isId(eventId);
	}

	/** Keeps an event that has arrived at `now`, in milliseconds on a clock that never goes back. */
	append(event: SseEvent, frame: Frame, now: number): void {
		const { id, sessionId, eventName } = event;
		const rank = id === undefined ? undefined : this.#order.rankOf(id);
		const origin = rank && this.#origins.of(rank.origin);
		const lists = addresses(sessionId).map(id => this.#lists.of(id, eventName));
		const row = this.#ring.push({ position: this.#head++, at: now, rank, origin, lists, frame });
		for (const { rows } of lists) rows.push(row);
		if (origin !== undefined && rank !== undefined) this.#origins.add(origin, row, rank);
		if (id !== undefined) this.#newest = { id, at: now };
		this.#bytes += bytesOf(frame.byteLength, lists.length);
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

	/** What was sent to streams until now, and what is sent until they come back, is not replayed to them. */
	revoke(revocation: Revocation, now: number): void {
		// A position of its own, as a gap has one.
		this.#revoked.add(revocation, this.#head++, now);
	}

	/** Lets go of what is too old or too much. */
	expire(now: number): void {
		const { maxBytes, maxAge } = this.#options;
		while (this.#ring.length > 0) {
			const isOld = now - this.#ring.timeOf(this.#ring.first) > maxAge;
			if (!isOld && this.bytes <= maxBytes) return;
			this.#evict();
		}
	}

	/**
	 * Where the replay for a client begins, or why it cannot be proven that nothing would be missing.
	 *
	 * @param lastEventId The place, or the id of the event, up to which the client has seen everything.
	 * @param stream What the replay is for.
	 * @param liveFrom {@link head} when the stream was opened.
	 */
	since(
		lastEventId: string,
		now: number,
		stream: Subscription,
		liveFrom: number = this.#head
	): Cursor | ResetReason {
		const cursor = this.#locate(lastEventId, now, liveFrom);
		if (typeof cursor === "string") return cursor;
		return this.#revoked.since(cursor.next, stream) ?? cursor;
	}

	#locate(lastEventId: string, now: number, liveFrom: number): Cursor | ResetReason {
		this.expire(now);
		const place = readPlace(lastEventId);
		if (place?.gateway === this.#gateway) {
			if (place.position >= this.#head) return "unknown";
			return this.#from({ next: place.position + 1, seen: 0, seenOrigin: undefined, liveFrom });
		}
		const eventId = place?.eventId ?? lastEventId;
		const event = this.#recall(eventId);
		if (event === undefined) {
			const { first, length } = this.#ring;
			const oldest = length === 0 ? undefined : this.#ring.rankOf(first);
			const newest = this.#order.rankOf(this.#newest.id);
			return this.#order.whyMissing(eventId, { oldest, newest });
		}
		const seen = event.position;
		const seenOrigin = event.rank?.origin;
		const { overlap } = this.#order;
		if (place?.settled || overlap === 0)
			return this.#from({ next: seen + 1, seen, seenOrigin, liveFrom });

		// Other origins' events may have reached the client's last gateway in another order than this one:
		// what came just before the event here may have come after it there.
		const from = event.at - overlap;
		if (this.#evicted.at > from) return "expired";
		if (this.#lastGap.at > from) return "gap";
		const row = this.#ring.lowerBound(row => this.#ring.timeOf(row) < from);
		const next = row < this.#ring.end ? this.#ring.positionOf(row) : seen;
		return this.#from({ next, seen, seenOrigin, liveFrom });
	}

	#from(cursor: Cursor): Cursor | ResetReason {
		if (cursor.next < this.#tail) return "expired";
		return this.#lastGap.position >= cursor.next ? "gap" : cursor;
	}

	#recall(eventId: string): Known | undefined {
		const rank = this.#order.rankOf(eventId);
		if (rank === undefined) return undefined;
		if (isSameRank(this.#evicted.rank, rank)) return this.#evicted;
		const row = this.#origins.find(rank);
		if (row === undefined) return undefined;
		return { position: this.#ring.positionOf(row), at: this.#ring.timeOf(row), rank };
	}

	/**
	 * The next frames of a replay, oldest first, and moves the cursor behind them.
	 *
	 * @param maxBytes Stops after the frame that reaches it.
	 * @returns Nothing more if empty; null if the ring has let go of what comes next.
	 */
	read(cursor: Cursor, stream: Subscription, maxBytes: number): Frame[] | null {
		if (cursor.next < this.#tail) return null;
		const ring = this.#ring;
		const from = ring.lowerBound(row => ring.positionOf(row) < cursor.next);
		const frames: Frame[] = [];
		let bytes = 0;
		for (const row of this.#lists.rowsFor(stream, from)) {
			if (this.#wasSeen(row, cursor)) continue;
			frames.push(ring.frameOf(row));
			bytes += ring.sizeOf(row);
			cursor.next = ring.positionOf(row) + 1;
			if (bytes >= maxBytes) return frames;
		}
		cursor.next = this.#head;
		return frames;
	}

	/** Whether the client has an event, or is not to have it again. */
	#wasSeen(row: number, { seen, seenOrigin, liveFrom }: Cursor): boolean {
		const position = this.#ring.positionOf(row);
		const origin = this.#ring.originOf(row);
		if (origin === undefined) return position < liveFrom;
		return position <= seen && origin.name === seenOrigin;
	}

	#evict(): void {
		const ring = this.#ring;
		const oldest = ring.first;
		const position = ring.positionOf(oldest);
		const lists = ring.listsOf(oldest);
		const origin = ring.originOf(oldest);
		this.#evicted = { position, at: ring.timeOf(oldest), rank: ring.rankOf(oldest) };
		this.#tail = position + 1;
		this.#bytes -= bytesOf(ring.sizeOf(oldest), lists.length);
		// The oldest of all is the oldest of each of its lists.
		for (const list of lists) this.#lists.shift(list);
		if (origin !== undefined) this.#origins.shift(origin, oldest);
		ring.shift();
	}
}

/** Ids without repetition: an event stands in each of its lists once. */
function addresses(sessionId: string | readonly string[]): readonly string[] {
	return typeof sessionId === "string" ? [sessionId] : [...new Set(sessionId)];
}

function bytesOf(frame: number, lists: number): number {
	return frame + ENTRY_BYTES + lists * LISTED_BYTES;
}
