/** Ids that are remembered, at least; up to twice as many are. */
const BOUND = 5000;

/** The ids that have come, in their order: the latest of them. */
export class Seen {
	readonly #bound: number;
	#older = new Set<string>();
	#newer = new Set<string>();

	constructor(bound: number = BOUND) {
		this.#bound = bound;
	}

	has(id: string): boolean {
		return this.#newer.has(id) || this.#older.has(id);
	}

	/** @returns False if it was there. */
	add(id: string): boolean {
		if (this.has(id)) return false;
		if (this.#newer.size >= this.#bound) {
			this.#older = this.#newer;
			this.#newer = new Set();
		}
		this.#newer.add(id);
		return true;
	}

	/** Which of some ids came first; undefined if none of them is known. */
	oldest(ids: ReadonlySet<string>): string | undefined {
		for (const known of [this.#older, this.#newer]) {
			for (const id of known) if (ids.has(id)) return id;
		}
		return undefined;
	}
}
