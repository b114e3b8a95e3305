/** Keys remembered; past them the one refused longest ago is forgotten. */
const MAX_KEYS = 10_000;
/** Waits of one key that are remembered; one that has more under way keeps to none of them. */
export const MAX_WAITING = 100;

/** Remembers who was told to come back, and when, to notice who does so at once. */
export class Returns {
	/** When each that was told to wait may come back; in the order in which keys were refused last. */
	readonly #waits = new Map<string, number[]>();

	/** Number of keys that are remembered. */
	get size(): number {
		return this.#waits.size;
	}

	/** How many of a key should still be waiting: 0 for one that came when it was told to. */
	waiting(key: string, now: number): number {
		return this.#waits.get(key)?.filter(until => until > now).length ?? 0;
	}

	/** Takes note that one of a key was told to come back at `until`. */
	told(key: string, until: number, now: number): void {
		const waits = (this.#waits.get(key) ?? []).filter(time => time > now);
		if (waits.length <= MAX_WAITING) waits.push(until);
		this.#waits.delete(key);
		this.#waits.set(key, waits);
		if (this.#waits.size <= MAX_KEYS) return;
		for (const oldest of this.#waits.keys()) {
			this.#waits.delete(oldest);
			return;
		}
	}
}
