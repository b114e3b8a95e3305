/** Numbers that look random, and are the same each time for the same seed. */
export class Random {
	#state: number;

	/** @param seed Any text: each user of numbers has its own, so that one more here changes nothing there. */
	constructor(seed: string) {
		// FNV-1a
		let hash = 0x811c9dc5;
		for (const char of seed) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
		this.#state = hash >>> 0;
	}

	/** From 0 up to 1, exclusive. */
	next(): number {
		// mulberry32
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	}

	/** A whole number from 0, below a limit. */
	below(bound: number): number {
		return Math.floor(this.next() * bound);
	}
}
