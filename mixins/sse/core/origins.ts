import { compareRanks, type Rank } from "./order.ts";
import { ownText } from "./own-text.ts";
import { Queue } from "./queue.ts";

/** The rows of one origin's events. */
export interface OriginRows {
	readonly name: string;
	/** In the order of their ranks. */
	readonly rows: Queue<number>;
	/** Of events that came late, behind others of a higher rank: by the numbers of their ranks. */
	readonly late: Map<number, number>;
}

/** What an origin takes, besides its events. Measured on Node 24. */
const ORIGIN_BYTES = 550;

/** Finds the row of an event by its rank. */
export class Origins {
	readonly #origins = new Map<string, OriginRows>();
	readonly #rankOf: (row: number) => Rank;

	/** @param rankOf Of a row that was added here. */
	constructor(rankOf: (row: number) => Rank) {
		this.#rankOf = rankOf;
	}

	/** Bytes that they take, but for their events. */
	get bytes(): number {
		return this.#origins.size * ORIGIN_BYTES;
	}

	/** An origin, made anew if there is none; something has to be added to it. */
	of(name: string): OriginRows {
		let origin = this.#origins.get(name);
		if (origin === undefined) {
			// The name of an event's rank is put together from parts of its id.
			origin = { name: ownText(name), rows: new Queue(), late: new Map() };
			this.#origins.set(origin.name, origin);
		}
		return origin;
	}

	/** Adds the newest row. */
	add({ rows, late }: OriginRows, row: number, rank: Rank): void {
		const last = rows.at(rows.length - 1);
		const isLate = last !== undefined && compareRanks(this.#rankOf(last), rank) > 0;
		if (isLate) late.set(rank.number, row);
		else rows.push(row);
	}

	/** Takes the oldest row out of its origin; one that is empty is gone. */
	shift({ name, rows, late }: OriginRows, row: number): void {
		if (rows.at(0) === row) rows.shift();
		else late.delete(this.#rankOf(row).number);
		if (rows.length === 0 && late.size === 0) this.#origins.delete(name);
	}

	find(rank: Rank): number | undefined {
		const origin = this.#origins.get(rank.origin);
		if (origin === undefined) return undefined;
		const { rows, late } = origin;
		const index = rows.lowerBound(row => compareRanks(this.#rankOf(row), rank) < 0);
		return [rows.at(index), late.get(rank.number)].find(
			row => row !== undefined && isSameRank(this.#rankOf(row), rank)
		);
	}

	clear(): void {
		this.#origins.clear();
	}
}

/** Whether two ranks are of one id. */
export function isSameRank(a: Rank | undefined, b: Rank): boolean {
	return a?.origin === b.origin && compareRanks(a, b) === 0 && a.stamp === b.stamp;
}
