import type { Subscription } from "../addressing/registry.ts";
import type { Address } from "../event/event.ts";
import type { Span } from "../event/slab.ts";
import { EventStore, type KeptEvent, type Known } from "./event-store.ts";
import { EvictedEvents } from "./evicted-events.ts";
import { compareSortKeys, type IdOrder, type ResetReason, type SortKey } from "./id-order.ts";
import type { Found, Search } from "./replay-search.ts";

export interface Retention {
	/** Bytes kept, including the book-keeping. */
	maxBytes: number;
	/** Milliseconds for which an event is kept. */
	maxAge: number;
}

/** The events that are kept, bounded in bytes and age, and what is known of those that are not. */
export class RetainedEvents {
	protected readonly order: IdOrder;
	readonly #retention: Retention;
	readonly #kept: EventStore;
	readonly #evicted = new EvictedEvents();
	/** Position of the oldest event kept. */
	#tail = 1;
	/** Sort key of the newest event that has an id, and when it arrived. */
	#newest: SortKey | undefined;
	#newestAt = Number.NEGATIVE_INFINITY;
	/** Whether events were forgotten at a restart. */
	#hasForgotten = false;

	protected constructor(retention: Retention, order: IdOrder) {
		this.#retention = retention;
		this.order = order;
		this.#kept = new EventStore(sortKey => order.idOf(sortKey));
	}

	/** Number of events kept. */
	get length(): number {
		return this.#kept.length;
	}

	/** Bytes that they take, including the book-keeping. */
	get bytes(): number {
		return this.#kept.bytes;
	}

	/** Milliseconds since the oldest kept event arrived; 0 if there is none. @param now On the clock of {@link keep}. */
	age(now: number): number {
		return Math.max(0, now - this.#kept.oldestAt);
	}

	/** Position of the oldest event kept. */
	get tail(): number {
		return this.#tail;
	}

	/** The event at a position; undefined if none is kept there. */
	eventAt(position: number): KeptEvent | undefined {
		return this.#kept.eventAt(position);
	}

	/** The event with an id; undefined if it is not kept, or if the id is that of a point without an event. */
	eventOf(id: string): KeptEvent | undefined {
		const sortKey = this.order.sortKeyOf(id);
		const known = sortKey && this.#kept.find(sortKey);
		return known && this.#kept.eventAt(known.position);
	}

	/** The events among the newest `most` entries from a position on, the oldest first. */
	newestFrom(position: number, most: number): KeptEvent[] {
		return this.#kept.newestFrom(position, most);
	}

	/** See {@link EventStore.newestFor}. */
	newestFor(sessionIds: readonly string[], most: number): KeptEvent[] {
		return this.#kept.newestFor(sessionIds, most);
	}

	/** The event id of a sort key. */
	idOf(sortKey: SortKey): string {
		return this.order.idOf(sortKey);
	}

	/** Whether an event is kept, or was the last to be dropped. */
	has(id: string): boolean {
		return this.recall(id) !== undefined;
	}

	/**
	 * Why an event is not kept, as far as its id shows: `gone`: it was kept, or may have been; `gap`: it never came, although later
	 * events of its sender did; `unknown`: neither it nor a later one came.
	 */
	whyNotKept(id: string): "gone" | "gap" | "unknown" {
		const sortKey = this.order.sortKeyOf(id);
		const reason = this.whyMissing(id);
		if (sortKey === undefined || reason === "unknown") return "unknown";
		if (reason !== "expired") return "gone";
		const oldest = this.#kept.oldestOf(sortKey.origin);
		if (oldest !== undefined && compareSortKeys(sortKey, oldest) > 0) return "gap";
		const isWhole = !this.#hasForgotten && this.#evicted.at === Number.NEGATIVE_INFINITY;
		return isWhole ? "gap" : "gone";
	}

	/** Why a client cannot continue after an event that {@link recall} does not find. */
	protected whyMissing(id: string): ResetReason {
		const kept = { oldest: this.#kept.oldest?.sortKey, newest: this.#newest };
		return this.order.whyMissing(id, kept);
	}

	/** The place of an event that is kept, or was the last to be dropped. */
	protected recall(id: string): Known | undefined {
		const sortKey = this.order.sortKeyOf(id);
		if (sortKey === undefined) return undefined;
		return this.#evicted.find(sortKey) ?? this.#kept.find(sortKey);
	}

	/** The first event that arrived at `at` or later; null if an event that did may be kept no longer. */
	protected firstSince(at: number): Known | undefined | null {
		return this.#evicted.at > at ? null : this.#kept.firstSince(at);
	}

	/** The id of the newest event that has one; empty if there is none. */
	get newestId(): string {
		return this.#newest === undefined ? "" : this.order.idOf(this.#newest);
	}

	/** When that event arrived; -Infinity if there is none. */
	protected get newestAt(): number {
		return this.#newestAt;
	}

	/** Keeps an event: see {@link EventStore.append}. `known.at` is on a clock that never goes back. */
	protected keep(address: Address, kept: Span, isBare: boolean, known: Known): void {
		this.#kept.append(address, kept, isBare, known);
		if (known.sortKey !== undefined) {
			this.#newest = known.sortKey;
			this.#newestAt = known.at;
		}
		this.expire(known.at);
	}

	/** Drops what is too old or too much. */
	expire(now: number): void {
		const { maxBytes, maxAge } = this.#retention;
		while (now - this.#kept.oldestAt > maxAge || this.#kept.bytes > maxBytes) {
			const oldest = this.#kept.shift();
			this.#evicted.add(oldest, oldest.isForNobody);
			if (!oldest.isForNobody) this.#tail = oldest.position + 1;
		}
	}

	/** Forgets everything before a position. */
	protected forget(head: number): void {
		this.#kept.clear();
		this.#tail = head;
		this.#newest = undefined;
		this.#newestAt = Number.NEGATIVE_INFINITY;
		this.#evicted.clear();
		this.#hasForgotten = head > 1;
	}

	/** See {@link ReplaySearch.find}. */
	protected find(stream: Subscription, search: Search): Found {
		return this.#kept.search.find(stream, search);
	}
}
