import { LatestByKey } from "../collections/latest-by-key.ts";

/** Most keys that are remembered; beyond that, the one counted longest ago is forgotten. */
const MAX_KEYS = 10_000;
/** Up to this many a key's counts are exact; one more stands for any higher number. */
export const MAX_COUNT = 100;

interface Counts {
	readonly key: string;
	/** When each one expires. */
	readonly until: readonly number[];
}

/** Counts by key; each count expires at a time of its own. */
export class ExpiringCounter {
	readonly #counts = new LatestByKey<Counts>();

	/** Number of keys that are remembered. */
	get size(): number {
		return this.#counts.size;
	}

	/** How many counts of a key have not expired. */
	of(key: string, now: number): number {
		return this.#valid(key, now).length;
	}

	/** Counts a key once more, until a time. */
	up(key: string, until: number, now: number): void {
		const valid = this.#valid(key, now);
		if (valid.length <= MAX_COUNT) valid.push(until);
		this.#counts.push({ key, until: valid });
		if (this.#counts.size > MAX_KEYS) this.#counts.shift();
	}

	#valid(key: string, now: number): number[] {
		return this.#counts.get(key)?.until.filter(time => time > now) ?? [];
	}
}
