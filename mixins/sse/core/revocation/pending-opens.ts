import type { Subscription } from "../addressing/registry.ts";
import { EVERYONE } from "../addressing/session-id.ts";
import { Queue } from "../collections/queue.ts";
import { type Coverage, coverageOf, type Revocation } from "./revocation.ts";

/** A request that may become a stream, or be granted something else, once slow answers arrive. */
export interface PendingOpen {
	/** When it began. */
	readonly began: number;
	/**
	 * The revocation that covers the stream and has arrived since the request began, if there is one.
	 *
	 * @param provenAt When the session was proven, if that was before the request began.
	 */
	revokedBy(stream: Subscription, provenAt?: number): Revocation | undefined;
}

/**
 * Most revocations that are remembered, and most session ids in them; a request that began before a forgotten one counts as
 * revoked.
 */
const MAX_REVOCATIONS = 1000;
const MAX_IDS = 50_000;

interface Entry {
	readonly revocation: Revocation;
	readonly covers: Coverage;
	/** It affects what was proven before this time. */
	readonly until: number;
}

/** The session of a forgotten revocation is unknown, so its reason is not sent. */
const FORGOTTEN: Revocation = { sessionId: EVERYONE, eventName: undefined, reason: "revoked" };

/**
 * Time passes between the answer of `session` and the open stream. A revocation in between finds no stream yet, and the stream
 * would open on an answer that no longer holds. So each request knows how many revocations there were when it began. The end of
 * a request need not be reported: often it is never seen.
 */
export class PendingOpens {
	readonly #revocations = new Queue<Entry>();
	/** Session ids in the remembered revocations. */
	#ids = 0;
	/** Number of revocations before the first remembered one. */
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

	/** @param until It affects what was proven before this time, on the same clock; default: all requests that have begun. */
	revoke(revocation: Revocation, until: number = Number.POSITIVE_INFINITY): void {
		this.#revocations.push({ revocation, covers: coverageOf(revocation), until });
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
			if (entry.covers(stream)) return entry.revocation;
		}
		return undefined;
	}
}

function idsIn({ sessionId }: Revocation): number {
	return typeof sessionId === "string" ? 1 : sessionId.length;
}
