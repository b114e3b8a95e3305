import { LatestByKey } from "../collections/latest-by-key.ts";

/** Most keys that are remembered; beyond that, the one refused longest ago is forgotten. */
const MAX_KEYS = 10_000;
/** Waits of one key that are remembered; a key that has more under way keeps to none of them. */
export const MAX_WAITING = 100;

interface Waits {
	readonly key: string;
	/** When each one may come back. */
	readonly until: readonly number[];
}

/** Remembers which clients were told to come back, and when, to notice those that come back at once. */
export class RetryWaits {
	readonly #waits = new LatestByKey<Waits>();

	/** Number of keys that are remembered. */
	get size(): number {
		return this.#waits.size;
	}

	/** How many waits of a key are not over: 0 for a client that came back when it was told to. */
	waiting(key: string, now: number): number {
		return this.#underWay(key, now).length;
	}

	/** Notes that a client of a key was told to come back at `until`. */
	told(key: string, until: number, now: number): void {
		const waits = this.#underWay(key, now);
		if (waits.length <= MAX_WAITING) waits.push(until);
		this.#waits.push({ key, until: waits });
		if (this.#waits.size > MAX_KEYS) this.#waits.shift();
	}

	#underWay(key: string, now: number): number[] {
		return this.#waits.get(key)?.until.filter(time => time > now) ?? [];
	}
}
