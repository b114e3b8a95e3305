import type { Address } from "../event/event.ts";
import { dataOf } from "../event/frame.ts";
import type { Span } from "../event/slab.ts";
import { AddressIndex } from "./address-index.ts";
import { EventColumns } from "./event-columns.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { SortKey } from "./id-order.ts";
import { ReplaySearch } from "./replay-search.ts";
import { SenderIndex } from "./sender-index.ts";

/** The place of an event. */
export interface Known {
	/** Among everything that has a position on this gateway. */
	readonly position: number;
	/** When it arrived. */
	readonly at: number;
	/** Undefined for an event without an id. */
	readonly sortKey: SortKey | undefined;
}

/**
 * Bytes that an event takes besides its frame, and bytes for each list that contains it. Measured on Node 24, like all sizes
 * that count here; within a tenth of the memory held, whatever the size of the events, and whether sessions have many or one
 * each.
 */
const ENTRY_BYTES = 72;
const LISTED_BYTES = 34;
/** An event in several lists has an array of them. */
const SEVERAL_BYTES = 50;

/** A kept event, as inspection sees it. */
export interface KeptEvent extends Known {
	readonly id: string | undefined;
	readonly eventName: string;
	/** Session ids without duplicates, or the id of everyone. */
	readonly sessionIds: readonly string[];
	/** The payload's JSON in UTF-8. Read it at once: it may be part of a larger buffer. */
	readonly json: Uint8Array;
}

/** The events that are kept, in the order of their positions. Finds them by id and by stream. */
export class EventStore {
	readonly #columns = new EventColumns();
	readonly #lists = new AddressIndex();
	readonly #senderIndex = new SenderIndex(row => this.#columns.sortKeyOf(row) as SortKey);
	readonly #held = new HeldBytes();
	readonly #idOf: (sortKey: SortKey) => string;
	/** Searches them for streams. */
	readonly search: ReplaySearch;
	#bytes = 0;

	/** @param idOf Returns the id of an event from its sort key. */
	constructor(idOf: (sortKey: SortKey) => string) {
		this.#idOf = idOf;
		this.search = new ReplaySearch(this.#columns, this.#lists, idOf);
	}

	get length(): number {
		return this.#columns.length;
	}

	/** Bytes that they take, including the book-keeping. */
	get bytes(): number {
		return this.#bytes + this.#lists.bytes + this.#senderIndex.bytes;
	}

	/** When the oldest arrived; Infinity if there is none. */
	get oldestAt(): number {
		return this.#columns.length === 0
			? Number.POSITIVE_INFINITY
			: this.#columns.timeOf(this.#columns.first);
	}

	/** Undefined if there is none. */
	get oldest(): Known | undefined {
		return this.#columns.length === 0 ? undefined : this.#at(this.#columns.first);
	}

	/** @param kept The event's frame; if `isBare`, its `data`, from which the frame is made when a stream gets it. */
	append(
		{ sessionId, eventName }: Address,
		kept: Span,
		isBare: boolean,
		{ position, at, sortKey }: Known
	): void {
		const origin = sortKey && this.#senderIndex.of(sortKey.origin);
		// Without duplicate ids, so that an event is in each of its lists once.
		const lists =
			typeof sessionId === "string"
				? [this.#lists.of(sessionId, eventName)]
				: [...new Set(sessionId)].map(id => this.#lists.of(id, eventName));
		const several = lists.length > 1 ? SEVERAL_BYTES : 0;
		const cost = this.#held.add(kept) + ENTRY_BYTES + lists.length * LISTED_BYTES + several;
		const row = this.#columns.push({ position, at, sortKey, origin, lists, kept, isBare, cost });
		for (const { rows } of lists) rows.push(row);
		if (origin !== undefined && sortKey !== undefined) this.#senderIndex.add(origin, row, sortKey);
		this.#bytes += cost;
	}

	/** Drops the oldest event. @returns Its place, and whether it was for nobody. */
	shift(): Known & { readonly isForNobody: boolean } {
		const columns = this.#columns;
		const row = columns.first;
		const lists = columns.listsOf(row);
		const oldest = { ...this.#at(row), isForNobody: lists.length === 0 };
		const origin = columns.originOf(row);
		this.#bytes -= columns.costOf(row);
		// The oldest event is also the oldest in each of its lists.
		for (const list of lists) this.#lists.shift(list);
		if (origin !== undefined) this.#senderIndex.shift(origin, row);
		columns.shift();
		return oldest;
	}

	/** Drops all events. */
	clear(): void {
		this.#columns.clear();
		this.#lists.clear();
		this.#senderIndex.clear();
		this.#held.clear();
		this.#bytes = 0;
	}

	find(sortKey: SortKey): Known | undefined {
		const row = this.#senderIndex.find(sortKey);
		return row === undefined ? undefined : this.#at(row);
	}

	/** The oldest event kept of a sender, except for those that came late. */
	oldestOf(origin: string): SortKey | undefined {
		const row = this.#senderIndex.oldestOf(origin);
		return row === undefined ? undefined : this.#columns.sortKeyOf(row);
	}

	/** The first event that arrived at `at` or later. */
	firstSince(at: number): Known | undefined {
		const row = this.#columns.lowerBound(row => this.#columns.timeOf(row) < at);
		return row < this.#columns.end ? this.#at(row) : undefined;
	}

	/** The event at a position; undefined if none is kept there. */
	eventAt(position: number): KeptEvent | undefined {
		const row = this.#columns.lowerBound(row => this.#columns.positionOf(row) < position);
		return row < this.#columns.end && this.#columns.positionOf(row) === position
			? this.#eventOf(row)
			: undefined;
	}

	/** The events among the newest `most` entries from a position on, the oldest first. */
	newestFrom(position: number, most: number): KeptEvent[] {
		const first = this.#columns.lowerBound(row => this.#columns.positionOf(row) < position);
		const events: KeptEvent[] = [];
		for (let row = Math.max(first, this.#columns.end - most); row < this.#columns.end; row++) {
			const event = this.#eventOf(row);
			if (event !== undefined) events.push(event);
		}
		return events;
	}

	/** The newest `most` events for one of these session ids, the newest first. */
	newestFor(sessionIds: readonly string[], most: number): KeptEvent[] {
		return this.#lists
			.newestOf(sessionIds, most)
			.map(row => this.#eventOf(row))
			.filter(event => event !== undefined);
	}

	/** Undefined for a point without an event. */
	#eventOf(row: number): KeptEvent | undefined {
		const lists = this.#columns.listsOf(row);
		const [list] = lists;
		if (list === undefined) return undefined;
		const { eventName } = list;
		const known = this.#at(row);
		const id = known.sortKey && this.#idOf(known.sortKey);
		const kept = this.#columns.keptOf(row);
		const json = this.#columns.isBare(row) ? kept : dataOf(kept, { id, event: eventName });
		return { ...known, id, eventName, sessionIds: lists.map(({ sessionId }) => sessionId), json };
	}

	#at(row: number): Known {
		const columns = this.#columns;
		return {
			position: columns.positionOf(row),
			at: columns.timeOf(row),
			sortKey: columns.sortKeyOf(row)
		};
	}
}
