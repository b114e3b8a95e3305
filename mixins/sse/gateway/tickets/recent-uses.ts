import { Queue } from "../../core/collections/queue.ts";

/** Most tickets that are remembered; of more than these, a gateway that comes later is not told. */
const MOST = 10_000;
/** Most of them that are told at once: 25 KB. */
const AT_ONCE = 1000;

/**
 * The tickets that this gateway has accepted lately. A gateway that it did not know by then has not heard of them, and must,
 * because the gateway that issued a ticket may have known it.
 */
export class RecentUses {
	readonly #uses = new Queue<{ readonly jti: string; readonly at: number }>();
	readonly #maxAge: number;

	/** @param maxAge Milliseconds after which no gateway accepts a ticket any more that was used. */
	constructor(maxAge: number) {
		this.#maxAge = maxAge;
	}

	/** Number of tickets that are remembered. */
	get size(): number {
		return this.#uses.length;
	}

	/** @param now Milliseconds on a clock that never goes back. */
	add(jti: string, now: number): void {
		this.#forget(now);
		this.#uses.push({ jti, at: now });
		if (this.#uses.length > MOST) this.#uses.shift();
	}

	/** Their ids, oldest first, in parts that fit into a message. */
	parts(now: number): string[][] {
		this.#forget(now);
		const parts: string[][] = [];
		for (let index = 0; index < this.#uses.length; index++) {
			if (index % AT_ONCE === 0) parts.push([]);
			parts.at(-1)?.push(this.#uses.at(index)?.jti as string);
		}
		return parts;
	}

	#forget(now: number): void {
		for (let use = this.#uses.at(0); use && now - use.at > this.#maxAge; use = this.#uses.at(0)) {
			this.#uses.shift();
		}
	}
}
