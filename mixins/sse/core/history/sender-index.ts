import { Queue } from "../collections/queue.ts";
import { ownText } from "../util/own-text.ts";
import { compareSortKeys, type SortKey } from "./id-order.ts";

/** The rows of one origin's events. */
export interface SenderRows {
	readonly name: string;
	/** In the order of their sort keys. */
	readonly rows: Queue<number>;
	/** Events that arrived late, after others with a higher sort key: rows by the number of their sort key. */
	readonly late: Map<number, number>;
}

/** Bytes that an origin takes, besides its events. Measured on Node 24. */
const ORIGIN_BYTES = 550;

/** Finds the row of an event by its sort key. */
export class SenderIndex {
	readonly #origins = new Map<string, SenderRows>();
	readonly #sortKeyOf: (row: number) => SortKey;

	/** @param sortKeyOf Returns the sort key of a row that was added here. */
	constructor(sortKeyOf: (row: number) => SortKey) {
		this.#sortKeyOf = sortKeyOf;
	}

	/** Bytes that they take, without their events. */
	get bytes(): number {
		return this.#origins.size * ORIGIN_BYTES;
	}

	/** An origin, created if there is none; the caller must add a row to it. */
	of(name: string): SenderRows {
		let origin = this.#origins.get(name);
		if (origin === undefined) {
			// The name in an event's sort key is assembled from parts of its id.
			origin = { name: ownText(name), rows: new Queue(), late: new Map() };
			this.#origins.set(origin.name, origin);
		}
		return origin;
	}

	/** Adds the newest row. */
	add({ rows, late }: SenderRows, row: number, sortKey: SortKey): void {
		const last = rows.at(rows.length - 1);
		const isLate = last !== undefined && compareSortKeys(this.#sortKeyOf(last), sortKey) > 0;
		if (isLate) late.set(sortKey.number, row);
		else rows.push(row);
	}

	/** Removes the oldest row from its origin; an empty origin is deleted. */
	shift({ name, rows, late }: SenderRows, row: number): void {
		if (rows.at(0) === row) rows.shift();
		else late.delete(this.#sortKeyOf(row).number);
		if (rows.length === 0 && late.size === 0) this.#origins.delete(name);
	}

	find(sortKey: SortKey): number | undefined {
		const origin = this.#origins.get(sortKey.origin);
		if (origin === undefined) return undefined;
		const { rows, late } = origin;
		const index = rows.lowerBound(row => compareSortKeys(this.#sortKeyOf(row), sortKey) < 0);
		return [rows.at(index), late.get(sortKey.number)].find(
			row => row !== undefined && isSameSortKey(this.#sortKeyOf(row), sortKey)
		);
	}

	/** Row of the oldest event kept of a sender, except for those that came late. */
	oldestOf(origin: string): number | undefined {
		return this.#origins.get(origin)?.rows.at(0);
	}

	clear(): void {
		this.#origins.clear();
	}
}

/** Whether two sort keys are of the same id. */
export function isSameSortKey(a: SortKey | undefined, b: SortKey): boolean {
	return a?.origin === b.origin && compareSortKeys(a, b) === 0 && a.stamp === b.stamp;
}
