import { concerns, type Revocation } from "./close.ts";
import { Queue } from "./queue.ts";
import type { Subscription } from "./registry.ts";

/** Revocations remembered at a time; past them everything proven before counts as revoked. */
const MAX_REVOCATIONS = 1000;

/**
 * The revocations of a while, for what was proven at one time and is used at another: a ticket must not
 * open a stream of a session that was revoked after it was given.
 */
export class RecentRevocations {
	readonly #recent = new Queue<{ revocation: Revocation; at: number }>();
	readonly #maxAge: number;
	/** What was proven until then counts as revoked. */
	#forgotten = Number.NEGATIVE_INFINITY;

	/** @param maxAge Milliseconds after which what was proven is of no use any more. */
	constructor(maxAge: number) {
		this.#maxAge = maxAge;
	}

	/** Number of revocations that are remembered. */
	get length(): number {
		return this.#recent.length;
	}

	add(revocation: Revocation, now: number): void {
		this.#recent.push({ revocation, at: now });
		let oldest = this.#recent.at(0);
		while (oldest !== undefined && this.#recent.length > 0 && now - oldest.at > this.#maxAge) {
			this.#recent.shift();
			oldest = this.#recent.at(0);
		}
		if (this.#recent.length <= MAX_REVOCATIONS) return;
		this.#forgotten = this.#recent.shift()?.at ?? now;
	}

	/** Whether a stream was revoked since it was proven. */
	concern(stream: Subscription, provenAt: number): boolean {
		if (provenAt <= this.#forgotten) return true;
		for (let index = this.#recent.length - 1; index >= 0; index--) {
			const entry = this.#recent.at(index);
			if (entry === undefined || entry.at < provenAt) return false;
			if (concerns(entry.revocation, stream)) return true;
		}
		return false;
	}
}
