import type { Revocation } from "./close.ts";
import { EVERYONE, type SseEvent } from "./event.ts";
import type { Frame } from "./frame.ts";
import type { Order, ResetReason } from "./order.ts";
import { readPlace, writePlace } from "./place.ts";
import { Queue } from "./queue.ts";
import type { Subscription } from "./registry.ts";
import { RevokedPlaces } from "./revoked-places.ts";

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
	readonly id: string | undefined;
	/** Of its rank, see order.ts. Not an object each: there are hundreds of thousands. */
	readonly origin: string | undefined;
	readonly number: number;
}

interface Entry extends Known {
	readonly sessionId: string | readonly string[];
	readonly eventName: string;
	readonly frame: Frame;
}

type Lists = Map<string, Map<string, Queue<Entry>>>;

/**
 * What an entry costs besides its frame: the entry, its place in the ring, in its lists and among the
 * ids. Measured on Node 24 with 100-byte events of 10,000 sessions.
 */
const ENTRY_BYTES = 420;
/** What each session id of an event that has several costs: a list of its own, at worst. */
const ADDRESS_BYTES = 480;

const NONE: Known = {
	position: 0,
	at: Number.NEGATIVE_INFINITY,
	id: undefined,
	origin: undefined,
	number: 0
};
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
	readonly #entries = new Queue<Entry>();
	readonly #lists: Lists = new Map();
	/** Of each origin, in the order of their ranks; an event that came late stands where it came. */
	readonly #byOrigin = new Map<string, Queue<Entry>>();
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
		this.#entries.clear();
		this.#lists.clear();
		this.#byOrigin.clear();
		this.#bytes = 0;
		this.#tail = this.#head;
		this.#newest = { id: "", at: Number.NEGATIVE_INFINITY };
		this.#evicted = NONE;
	}

	/** Number of events kept. */
	get length(): number {
		return this.#entries.length;
	}

	/** Bytes that they take, the book-keeping included. */
	get bytes(): number {
		return this.#bytes;
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
		const entry: Entry = {
			position: this.#head++,
			at: now,
			id,
			origin: rank?.origin,
			number: rank?.number ?? 0,
			sessionId,
			eventName,
			frame
		};
		this.#entries.push(entry);
		for (const id of addresses(sessionId)) this.#listOf(id, eventName).push(entry);
		if (id !== undefined) this.#newest = { id, at: now };
		if (rank !== undefined) queueOf(this.#byOrigin, rank.origin).push(entry);
		this.#bytes += bytesOf(entry);
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
		for (;;) {
			const oldest = this.#entries.at(0);
			if (oldest === undefined) return;
			if (this.#bytes <= maxBytes && now - oldest.at <= maxAge) return;
			this.#evict(oldest);
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
			const kept = { oldest: this.#entries.at(0)?.id, newest: this.#newest.id };
			return this.#order.whyMissing(eventId, kept);
		}
		const { position: seen, origin: seenOrigin } = event;
		const { overlap } = this.#order;
		if (place?.settled || overlap === 0)
			return this.#from({ next: seen + 1, seen, seenOrigin, liveFrom });

		// Other origins' events may have reached the client's last gateway in another order than this one:
		// what came just before the event here may have come after it there.
		const from = event.at - overlap;
		if (this.#evicted.at > from) return "expired";
		if (this.#lastGap.at > from) return "gap";
		const index = this.#entries.lowerBound(other => other.at < from);
		const next = this.#entries.at(index)?.position ?? seen;
		return this.#from({ next, seen, seenOrigin, liveFrom });
	}

	#from(cursor: Cursor): Cursor | ResetReason {
		if (cursor.next < this.#tail) return "expired";
		return this.#lastGap.position >= cursor.next ? "gap" : cursor;
	}

	#recall(eventId: string): Known | undefined {
		if (eventId === this.#evicted.id) return this.#evicted;
		const rank = this.#order.rankOf(eventId);
		const list = rank && this.#byOrigin.get(rank.origin);
		if (rank === undefined || list === undefined) return undefined;
		let index = list.lowerBound(entry => entry.number < rank.number);
		// Numbers past 2^53 are no longer each event's own.
		for (let entry = list.at(index); entry?.number === rank.number; entry = list.at(++index)) {
			if (entry.id === eventId) return entry;
		}
		return undefined;
	}

	/**
	 * The next frames of a replay, oldest first, and moves the cursor behind them.
	 *
	 * @param maxBytes Stops after the frame that reaches it.
	 * @returns Nothing more if empty; null if the ring has let go of what comes next.
	 */
	read(cursor: Cursor, { sessionIds, eventNames }: Subscription, maxBytes: number): Frame[] | null {
		if (cursor.next < this.#tail) return null;
		const sources = this.#sources(cursor.next, sessionIds, eventNames);
		const frames: Frame[] = [];
		let bytes = 0;
		while (bytes < maxBytes) {
			const entry = takeOldest(sources, cursor.next);
			if (entry === undefined) {
				cursor.next = this.#head;
				break;
			}
			cursor.next = entry.position + 1;
			if (wasSeen(entry, cursor)) continue;
			frames.push(entry.frame);
			bytes += entry.frame.byteLength;
		}
		return frames;
	}

	#sources(from: number, sessionIds: readonly string[], eventNames: readonly string[]): Source[] {
		const sources: Source[] = [];
		for (const id of [...sessionIds, EVERYONE]) {
			const names = this.#lists.get(id);
			if (names === undefined) continue;
			for (const name of eventNames) {
				const list = names.get(name);
				if (list === undefined) continue;
				const index = list.lowerBound(entry => entry.position < from);
				if (index < list.length) sources.push({ list, index });
			}
		}
		return sources;
	}

	#evict(oldest: Entry): void {
		this.#entries.shift();
		this.#tail = oldest.position + 1;
		this.#evicted = oldest;
		this.#bytes -= bytesOf(oldest);
		const { origin, sessionId, eventName } = oldest;
		// The oldest of all is the oldest of its origin, and of each of its lists.
		if (origin !== undefined) shiftFrom(this.#byOrigin, origin);
		for (const id of addresses(sessionId)) {
			const names = this.#lists.get(id);
			if (names === undefined) continue;
			shiftFrom(names, eventName);
			if (names.size === 0) this.#lists.delete(id);
		}
	}

	#listOf(id: string, eventName: string): Queue<Entry> {
		let names = this.#lists.get(id);
		if (names === undefined) {
			names = new Map();
			this.#lists.set(id, names);
		}
		return queueOf(names, eventName);
	}
}

function queueOf(queues: Map<string, Queue<Entry>>, key: string): Queue<Entry> {
	let queue = queues.get(key);
	if (queue === undefined) {
		queue = new Queue();
		queues.set(key, queue);
	}
	return queue;
}

/** Takes the first of a queue; an emptied queue goes too. */
function shiftFrom(queues: Map<string, Queue<Entry>>, key: string): void {
	const queue = queues.get(key);
	queue?.shift();
	if (queue?.length === 0) queues.delete(key);
}

interface Source {
	readonly list: Queue<Entry>;
	index: number;
}

/** The oldest entry at or behind a position, of all the lists; one that is in several comes once. */
function takeOldest(sources: readonly Source[], from: number): Entry | undefined {
	let oldest: Entry | undefined;
	for (const source of sources) {
		let entry = source.list.at(source.index);
		while (entry !== undefined && entry.position < from) entry = source.list.at(++source.index);
		if (entry !== undefined && entry.position < (oldest?.position ?? Infinity)) oldest = entry;
	}
	return oldest;
}

/** Ids without repetition: an event stands in each of its lists once. */
function addresses(sessionId: string | readonly string[]): readonly string[] {
	return typeof sessionId === "string" ? [sessionId] : [...new Set(sessionId)];
}

function bytesOf({ frame, sessionId }: Entry): number {
	const addresses = typeof sessionId === "string" ? 0 : sessionId.length;
	return frame.byteLength + ENTRY_BYTES + addresses * ADDRESS_BYTES;
}

function wasSeen(entry: Entry, cursor: Cursor): boolean {
	if (entry.id === undefined) return entry.position < cursor.liveFrom;
	return entry.position <= cursor.seen && entry.origin === cursor.seenOrigin;
}
