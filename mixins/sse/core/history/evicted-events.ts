import type { Known } from "./event-store.ts";
import type { SortKey } from "./id-order.ts";
import { isSameSortKey } from "./sender-index.ts";

/** Most positions without an event that are remembered. */
const MAX_NOTES = 64;

const NONE: Known = { position: 0, at: Number.NEGATIVE_INFINITY, sortKey: undefined };

/** The last event that was dropped: after it nothing is missing. */
export class EvictedEvents {
	#newest = NONE;
	/** The newest positions without an event, which nobody can miss. */
	readonly #notes: Known[] = [];

	/** When the newest dropped event arrived; -Infinity if there is none. */
	get at(): number {
		return this.#newest.at;
	}

	add(known: Known, isForNobody: boolean): void {
		if (!isForNobody) {
			this.#newest = known;
			return;
		}
		this.#notes.push(known);
		if (this.#notes.length > MAX_NOTES) this.#notes.shift();
	}

	find(sortKey: SortKey): Known | undefined {
		return [this.#newest, ...this.#notes].find(known => isSameSortKey(known.sortKey, sortKey));
	}

	clear(): void {
		this.#newest = NONE;
		this.#notes.length = 0;
	}
}
