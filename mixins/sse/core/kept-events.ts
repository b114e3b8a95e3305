import type { Address } from "./event.ts";
import { type EventList, EventLists } from "./event-lists.ts";
import { encodeFrame, type Frame } from "./frame.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { Rank } from "./order.ts";
import { Origins } from "./origins.ts";
import type { Subscription } from "./registry.ts";
import { Ring } from "./ring.ts";
import { Slab, type Span } from "./slab.ts";

/** Where an event stands. */
export interface Known {
	/** Among everything that had a place on this gateway. */
	readonly position: number;
	/** When it arrived. */
	readonly at: number;
	/** Undefined for an event without an id. */
	readonly rank: Rank | undefined;
}

/**
 * What an event takes besides its frame, and besides for each list that it stands in. Measured on Node 24, as all
 * that counts here; within a tenth of what is held, whatever the events' sizes, and whether sessions have many or
 * one each.
 */
const ENTRY_BYTES = 72;
const LISTED_BYTES = 34;
/** Several lists stand in an array. */
const SEVERAL_BYTES = 50;

/**
 * What one search looks at, at most, whatever it finds: whoever names a place decides how much there is to look through.
 * A row costs as much as it takes to look at so many lists.
 */
const MAX_EFFORT = 8192;
const ROW_EFFORT = 8;

/** What is searched for. */
interface Search {
	/** Position of the first. */
	readonly from: number;
	/** Position behind the last. */
	readonly to: number;
	/** By position, and by origin, which is undefined for an event without an id. */
	isWanted(position: number, origin: string | undefined): boolean;
	/** Stops after the frame that reaches it. */
	readonly maxBytes: number;
}

interface Found {
	readonly frames: Frame[];
	/** Position of the last that was looked at, if there may be more behind it. */
	readonly stoppedAt?: number;
}

/** The events that are kept, in the order of their positions, and what finds them: by id, and by stream. */
export class KeptEvents {
	readonly #ring = new Ring();
	readonly #lists = new EventLists();
	readonly #origins = new Origins(row => this.#ring.rankOf(row) as Rank);
	readonly #held = new HeldBytes();
	readonly #idOf: (rank: Rank) => string;
	#bytes = 0;

	/** @param idOf Of an event, by its rank. */
	constructor(idOf: (rank: Rank) => string) {
		this.#idOf = idOf;
	}

	get length(): number {
		return this.#ring.length;
	}

	/** Bytes that they take, the book-keeping included. */
	get bytes(): number {
		return this.#bytes + this.#lists.bytes + this.#origins.bytes;
	}

	/** When the oldest arrived; Infinity without any. */
	get oldestAt(): number {
		return this.#ring.length === 0 ? Number.POSITIVE_INFINITY : this.#ring.timeOf(this.#ring.first);
	}

	/** Undefined without any. */
	get oldest(): Known | undefined {
		return this.#ring.length === 0 ? undefined : this.#at(this.#ring.first);
	}

	/** @param kept Its frame, or, if it is bare, its payload's JSON: a frame is made of that when a stream gets it. */
	append(
		{ sessionId, eventName }: Address,
		kept: Span,
		isBare: boolean,
		{ position, at, rank }: Known
	): void {
		const origin = rank && this.#origins.of(rank.origin);
		// Each id once: an event stands in each of its lists once.
		const lists =
			typeof sessionId === "string"
				? [this.#lists.of(sessionId, eventName)]
				: [...new Set(sessionId)].map(id => this.#lists.of(id, eventName));
		const several = lists.length > 1 ? SEVERAL_BYTES : 0;
		const cost = this.#held.add(kept) + ENTRY_BYTES + lists.length * LISTED_BYTES + several;
		const row = this.#ring.push({ position, at, rank, origin, lists, kept, isBare, cost });
		for (const { rows } of lists) rows.push(row);
		if (origin !== undefined && rank !== undefined) this.#origins.add(origin, row, rank);
		this.#bytes += cost;
	}

	/** Lets go of the oldest, and says where it stood, and whether it was for anybody. */
	shift(): Known & { readonly isForNobody: boolean } {
		const ring = this.#ring;
		const row = ring.first;
		const lists = ring.listsOf(row);
		const oldest = { ...this.#at(row), isForNobody: lists.length === 0 };
		const origin = ring.originOf(row);
		this.#bytes -= ring.costOf(row);
		// The oldest of all is the oldest of each of its lists.
		for (const list of lists) this.#lists.shift(list);
		if (origin !== undefined) this.#origins.shift(origin, row);
		ring.shift();
		return oldest;
	}

	/** Lets go of all. */
	clear(): void {
		this.#ring.clear();
		this.#lists.clear();
		this.#origins.clear();
		this.#held.clear();
		this.#bytes = 0;
	}

	find(rank: Rank): Known | undefined {
		const row = this.#origins.find(rank);
		return row === undefined ? undefined : this.#at(row);
	}

	/** The first that arrived then or later. */
	firstSince(at: number): Known | undefined {
		const row = this.#ring.lowerBound(row => this.#ring.timeOf(row) < at);
		return row < this.#ring.end ? this.#at(row) : undefined;
	}

	/** Frames for a stream, oldest first: a part of them that takes about a millisecond to find. */
	read(stream: Subscription, { from, to, isWanted, maxBytes }: Search): Found {
		const ring = this.#ring;
		const frames: Frame[] = [];
		let bytes = 0;
		const slab = new Slab();
		const rows = this.#lists.rowsFor(
			stream,
			ring.lowerBound(row => ring.positionOf(row) < from)
		);
		const effort = ROW_EFFORT + rows.width;
		let left = MAX_EFFORT;
		for (let row = rows.next(); row !== undefined; row = rows.next()) {
			const position = ring.positionOf(row);
			if (position >= to) break;
			if (isWanted(position, ring.originOf(row)?.name)) {
				const frame = ring.isBare(row) ? this.#frameOf(row, slab) : ring.keptOf(row);
				frames.push(frame);
				bytes += frame.byteLength;
			}
			left -= effort;
			if (bytes >= maxBytes || left <= 0) return { frames, stoppedAt: position };
		}
		return { frames };
	}

	#frameOf(row: number, slab: Slab): Frame {
		const rank = this.#ring.rankOf(row);
		const [list] = this.#ring.listsOf(row);
		return encodeFrame(
			{
				id: rank && this.#idOf(rank),
				event: (list as EventList).eventName,
				data: this.#ring.keptOf(row)
			},
			slab
		);
	}

	#at(row: number): Known {
		const ring = this.#ring;
		return { position: ring.positionOf(row), at: ring.timeOf(row), rank: ring.rankOf(row) };
	}
}
