import { Queue } from "../collections/queue.ts";
import type { Span } from "../event/slab.ts";
import type { EventList } from "./address-index.ts";
import type { SortKey } from "./id-order.ts";
import type { SenderRows } from "./sender-index.ts";

/** Rows in a page. */
const PAGE = 1024;

/** The content of a row. */
export interface Row {
	/** Among everything that has a position on this gateway. */
	readonly position: number;
	readonly at: number;
	/** Both undefined for an event without an id. */
	readonly sortKey: SortKey | undefined;
	readonly origin: SenderRows | undefined;
	/** The lists that contain the event. */
	readonly lists: readonly EventList[];
	/** Its frame, or its payload's JSON. */
	readonly kept: Span;
	/** Whether it is the payload alone, from which the frame is still to be made. */
	readonly isBare: boolean;
	/** Bytes that keeping it takes. */
	readonly cost: number;
}

/**
 * The events that are kept, oldest first. They are in columns of plain numbers, page by page, instead of an object each: the
 * garbage collector copies and traces objects that live for minutes again and again, which costs as much as everything else
 * that is done with an event. Rows are numbered from 0 and keep their numbers.
 */
export class EventColumns {
	readonly #pages = new Queue<Page>();
	/** Number of the first row of the first page. */
	#base = 0;
	#first = 0;
	#end = 0;

	/** Number of the oldest row. */
	get first(): number {
		return this.#first;
	}

	/** Number of the next row. */
	get end(): number {
		return this.#end;
	}

	get length(): number {
		return this.#end - this.#first;
	}

	/** @returns The number of the new row. */
	push(row: Row): number {
		if (this.#end === this.#base + this.#pages.length * PAGE) this.#pages.push(new Page());
		this.#pageOf(this.#end).set(this.#end % PAGE, row);
		return this.#end++;
	}

	/** Drops the oldest row. */
	shift(): void {
		this.#pageOf(this.#first).clear(this.#first % PAGE);
		this.#first++;
		if (this.#first < this.#base + PAGE) return;
		this.#pages.shift();
		this.#base += PAGE;
	}

	/** Drops all rows. */
	clear(): void {
		while (this.#pages.shift() !== undefined) this.#base += PAGE;
		this.#first = this.#base;
		this.#end = this.#base;
	}

	positionOf(row: number): number {
		return this.#pageOf(row).positions[row % PAGE] as number;
	}

	timeOf(row: number): number {
		return this.#pageOf(row).times[row % PAGE] as number;
	}

	originOf(row: number): SenderRows | undefined {
		return this.#pageOf(row).origins[row % PAGE];
	}

	listsOf(row: number): readonly EventList[] {
		return this.#pageOf(row).listsOf(row % PAGE);
	}

	/** Bytes that keeping it takes. */
	costOf(row: number): number {
		return this.#pageOf(row).costs[row % PAGE] as number;
	}

	keptOf(row: number): Uint8Array {
		return this.#pageOf(row).keptOf(row % PAGE);
	}

	isBare(row: number): boolean {
		return this.#pageOf(row).bare[row % PAGE] === 1;
	}

	/** Undefined for an event without an id. */
	sortKeyOf(row: number): SortKey | undefined {
		return this.#pageOf(row).sortKeyOf(row % PAGE);
	}

	/** The first row for which `isBefore` is false, or the one after the newest; rows are in that order. */
	lowerBound(isBefore: (row: number) => boolean): number {
		let low = this.#first;
		let high = this.#end;
		while (low < high) {
			const middle = Math.floor((low + high) / 2);
			if (isBefore(middle)) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	#pageOf(row: number): Page {
		return this.#pages.at(Math.floor((row - this.#base) / PAGE)) as Page;
	}
}

class Page {
	readonly positions = new Float64Array(PAGE);
	readonly times = new Float64Array(PAGE);
	readonly numbers = new Float64Array(PAGE);
	readonly indices = new Uint32Array(PAGE);
	readonly stamps = new Float64Array(PAGE);
	/** 32 bits suffice: a text of V8 has fewer bytes. */
	readonly starts = new Uint32Array(PAGE);
	readonly sizes = new Uint32Array(PAGE);
	readonly bare = new Uint8Array(PAGE);
	readonly costs = new Uint32Array(PAGE);
	readonly buffers: (ArrayBufferLike | undefined)[] = [];
	readonly origins: (SenderRows | undefined)[] = [];
	/** Most events are in one list, which is not worth an array. */
	readonly lists: (EventList | readonly EventList[] | undefined)[] = [];

	set(at: number, { position, at: time, sortKey, origin, lists, kept, isBare, cost }: Row): void {
		this.positions[at] = position;
		this.times[at] = time;
		this.numbers[at] = sortKey?.number ?? 0;
		this.indices[at] = sortKey?.index ?? 0;
		this.stamps[at] = sortKey?.stamp ?? 0;
		this.starts[at] = kept.byteOffset;
		this.sizes[at] = kept.byteLength;
		this.bare[at] = isBare ? 1 : 0;
		this.costs[at] = cost;
		this.buffers[at] = kept.buffer;
		this.origins[at] = origin;
		this.lists[at] = lists.length === 1 ? lists[0] : lists;
	}

	/** A dropped row must not keep anything alive. */
	clear(at: number): void {
		this.buffers[at] = undefined;
		this.origins[at] = undefined;
		this.lists[at] = undefined;
	}

	listsOf(at: number): readonly EventList[] {
		const lists = this.lists[at] ?? [];
		return Array.isArray(lists) ? lists : [lists as EventList];
	}

	keptOf(at: number): Uint8Array {
		const buffer = this.buffers[at] as ArrayBuffer;
		return new Uint8Array(buffer, this.starts[at] as number, this.sizes[at] as number);
	}

	sortKeyOf(at: number): SortKey | undefined {
		const origin = this.origins[at];
		return (
			origin && {
				origin: origin.name,
				number: this.numbers[at] as number,
				index: this.indices[at] as number,
				stamp: this.stamps[at] as number
			}
		);
	}
}
