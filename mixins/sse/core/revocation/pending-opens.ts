import type { Subscription } from "../addressing/registry.ts";
import { EVERYONE } from "../addressing/session-id.ts";
import { Queue } from "../collections/queue.ts";
import { covers, type Revocation } from "./revocation.ts";

/** A request that may become a stream, or be granted something else, on answers that take their time. */
export interface PendingOpen {
	/** When it began. */
	readonly began: number;
	/**
	 * The revocation that has come since the request began and is about the stream, if one has.
	 *
	 * @param provenAt When it was proven whose it is, if that was before the request began.
	 */
	revokedBy(stream: Subscription, provenAt?: number): Revocation | undefined;
}

/**
 * Revocations remembered at a time, and session ids in them; a request that began before all of them counts as
 * revoked.
 */
const MAX_REVOCATIONS = 1000;
const MAX_IDS = 50_000;

interface Entry {
	readonly revocation: Revocation;
	/** It is about what was proven before. */
	readonly until: number;
}

/** Whose it was is not known any more, and so its reason is not told. */
const FORGOTTEN: Revocation = { sessionId: EVERYONE, eventName: undefined, reason: "revoked" };

/**
 * Between the answer of `session` and the open stream, time passes. A revocation of that moment finds no
 * stream yet, and the stream would open on an answer that no longer holds. So each request knows how many
 * revocations there were when it began. Nothing has to be told when it is over: many a request's end is never seen.
 */
export class PendingOpens {
	readonly #revocations = new Queue<Entry>();
	/** Session ids in those that are remembered. */
	#ids = 0;
	/** Number of revocations before the first that is remembered. */
	#forgotten = 0;
	/** The latest `until` of those. */
	#forgottenUntil = Number.NEGATIVE_INFINITY;

	/** Number of revocations that are remembered. */
	get remembered(): number {
		return this.#revocations.length;
	}

	/** @param now Milliseconds on any clock that never goes back. */
	begin(now: number): PendingOpen {
		const from = this.#forgotten + this.#revocations.length;
		return {
			began: now,
			revokedBy: (stream, provenAt = now) => this.#since(from, Math.min(now, provenAt), stream)
		};
	}

	/** @param until It is about what was proven before, on the same clock; default: about all that has begun. */
	revoke(revocation: Revocation, until: number = Number.POSITIVE_INFINITY): void {
		this.#revocations.push({ revocation, until });
		this.#ids += idsIn(revocation);
		while (this.#revocations.length > MAX_REVOCATIONS || this.#ids > MAX_IDS) {
			const oldest = this.#revocations.shift();
			if (oldest === undefined) return;
			this.#ids -= idsIn(oldest.revocation);
			this.#forgotten++;
			this.#forgottenUntil = Math.max(this.#forgottenUntil, oldest.until);
		}
	}

	#since(from: number, proven: number, stream: Subscription): Revocation | undefined {
		if (from < this.#forgotten && proven < this.#forgottenUntil) return FORGOTTEN;
		for (
			let index = Math.max(0, from - this.#forgotten);
			index < this.#revocations.length;
			index++
		) {
			const entry = this.#revocations.at(index);
			if (entry === undefined || proven >= entry.until) continue;
			if (covers(entry.revocation, stream)) return entry.revocation;
		}
		return undefined;
	}
}

function idsIn({ sessionId }: Revocation): number {
	return typeof sessionId === "string" ? 1 : sessionId.length;
}
