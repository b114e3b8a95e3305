import { concerns, type Revocation } from "./close.ts";
import type { Subscription } from "./registry.ts";

/** A stream on its way to being open. */
export interface Opening {
	/** The revocation that came meanwhile and is about it, if one did. */
	revokedBy(stream: Subscription): Revocation | undefined;
	/** To be called when it is open, or refused. */
	done(): void;
}

/** Revocations remembered at a time; past them all openings count as revoked. */
const MAX_REVOCATIONS = 1000;

/**
 * Between the answer of `session` and the open stream, time passes. A revocation of that moment finds no
 * stream yet, and the stream would open on an answer that no longer holds. So revocations are remembered
 * for as long as a stream that was on its way then still is.
 */
export class Openings {
	#count = 0;
	/** Since there was no opening last. */
	#revocations: Revocation[] = [];

	/** Number of streams on their way. */
	get size(): number {
		return this.#count;
	}

	begin(): Opening {
		this.#count++;
		const from = this.#revocations.length;
		let isDone = false;
		return {
			revokedBy: stream => {
				if (this.#revocations.length >= MAX_REVOCATIONS) return this.#revocations.at(-1);
				return this.#revocations.slice(from).find(revocation => concerns(revocation, stream));
			},
			done: () => {
				if (isDone) return;
				isDone = true;
				this.#count--;
				if (this.#count === 0) this.#revocations = [];
			}
		};
	}

	revoke(revocation: Revocation): void {
		if (this.#count === 0 || this.#revocations.length >= MAX_REVOCATIONS) return;
		this.#revocations.push(revocation);
	}
}
