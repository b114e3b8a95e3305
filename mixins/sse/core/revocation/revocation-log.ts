import type { Subscription } from "../addressing/registry.ts";
import { EVERYONE } from "../addressing/session-id.ts";
import { LatestByKey } from "../collections/latest-by-key.ts";
import type { Revocation } from "./revocation.ts";

/**
 * Milliseconds after a revocation for which everything that is sent to the session is kept from it, unless
 * the session is let in again. Not for ever: each gateway that the session comes to tells it once, and nobody
 * is to be told of what was last week.
 */
const REMEMBERED = 3_600_000;

/** Session ids, with or without a name, that are remembered as revoked at a time. */
const MAX_REVOKED = 50_000;
/** Pairs of a session id and a name that are remembered as let in at a time; more are told once more. */
const MAX_LET_IN = 100_000;

interface Mark {
	readonly key: string;
	readonly position: number;
}

interface Revoked extends Mark {
	readonly at: number;
}

/** From where on a stream may be replayed to, and what is told to one that comes from before. */
export interface Admission {
	/** 0 = from anywhere; Infinity = from nowhere. */
	readonly from: number;
	readonly reason: "revoked" | "expired";
}

/**
 * Where in a gateway's history sessions were revoked, and where they were let in again. What was sent in
 * between is not for them. Whether a client comes from before it or from behind it cannot be told from what
 * the client says, which may name any place. The proof that it was let in is that a stream of its opened here.
 */
export class RevocationLog {
	/** By session id and name, the name left out if it was revoked for all. */
	readonly #revoked = new LatestByKey<Revoked>();
	/** By pair: being let in to one name says nothing of another. */
	readonly #letIns = new LatestByKey<Mark>();
	/** The last of those that there was no room for: until then anybody may have been revoked. */
	#lost: Omit<Revoked, "key"> = { position: 0, at: Number.NEGATIVE_INFINITY };
	readonly #keep: number;

	/** @param maxAge Milliseconds for which what was sent is kept. */
	constructor(maxAge: number) {
		this.#keep = REMEMBERED + maxAge;
	}

	/** How many session ids, with or without a name, are remembered as revoked. */
	get size(): number {
		return this.#revoked.size;
	}

	/** How many pairs of a session id and a name are remembered as let in again. */
	get letIns(): number {
		return this.#letIns.size;
	}

	/** Takes note of a revocation between the events before and behind a position of its own. */
	add({ sessionId, eventName }: Revocation, position: number, now: number): void {
		for (const id of typeof sessionId === "string" ? [sessionId] : sessionId) {
			const key = keyOf(id, eventName);
			// One of the past does not shorten how long a later one is remembered.
			const at = Math.max(now, this.#revoked.get(key)?.at ?? now);
			this.#revoked.push({ key, position, at });
			this.#forget(now);
		}
	}

	/** A stream has opened between the events before a position and those behind it. */
	letIn(stream: Subscription, position: number, now: number): void {
		for (const { key, revokedAt } of this.#revokedPairs(stream, now)) {
			if (this.#letInAt(key) > revokedAt) continue;
			this.#letIns.push({ key, position });
			if (this.#letIns.size > MAX_LET_IN) this.#letIns.shift();
		}
	}

	/** What was sent earlier may come behind what is here already: nobody counts as let in any more. */
	forgetLetIns(): void {
		if (this.#letIns.size > 0) this.#letIns.clear();
	}

	/** What may be replayed to a stream that comes back, before it is itself the proof that it was let in. */
	admit(stream: Subscription, now: number): Admission {
		let from = 0;
		let reason: Admission["reason"] = "expired";
		for (const { key, revokedAt, isKnown } of this.#revokedPairs(stream, now)) {
			const letInAt = this.#letInAt(key);
			from = Math.max(from, letInAt > revokedAt ? letInAt : Number.POSITIVE_INFINITY);
			if (isKnown) reason = "revoked";
		}
		return { from, reason };
	}

	#letInAt(pair: string): number {
		return this.#letIns.get(pair)?.position ?? 0;
	}

	/** The pairs of a stream's ids and names that were revoked, or may have been, and where that was last. */
	*#revokedPairs({ sessionIds, eventNames }: Subscription, now: number): Generator<RevokedPair> {
		const lost = this.#positionOf(this.#lost, now);
		if (this.#revoked.size === 0 && lost === 0) return;
		const last = (id: string, name?: string) =>
			this.#positionOf(this.#revoked.get(keyOf(id, name)), now);
		const everyone = last(EVERYONE);
		const ofName = eventNames.map(name => Math.max(everyone, last(EVERYONE, name)));
		for (const id of sessionIds) {
			const ofId = last(id);
			for (const [index, name] of eventNames.entries()) {
				const known = Math.max(ofId, ofName[index] as number, last(id, name));
				const revokedAt = Math.max(known, lost);
				if (revokedAt > 0) yield { key: keyOf(id, name), revokedAt, isKnown: known > 0 };
			}
		}
	}

	/** 0 if that is over. */
	#positionOf(revoked: Omit<Revoked, "key"> | undefined, now: number): number {
		return revoked === undefined || this.#isOver(revoked, now) ? 0 : revoked.position;
	}

	/** By then, what was sent while it was remembered is not kept any more. */
	#isOver({ at }: { readonly at: number }, now: number): boolean {
		return now - at > this.#keep;
	}

	#forget(now: number): void {
		for (let { oldest } = this.#revoked; oldest !== undefined; oldest = this.#revoked.oldest) {
			if (!this.#isOver(oldest, now)) {
				if (this.#revoked.size <= MAX_REVOKED) break;
				this.#lost = { position: oldest.position, at: Math.max(oldest.at, this.#lost.at) };
			}
			this.#revoked.shift();
		}
		// To be let in says something of revocations from before.
		const first = this.#positionOf(this.#lost, now) || (this.#revoked.oldest?.position ?? 0);
		while ((this.#letIns.oldest?.position ?? Number.POSITIVE_INFINITY) <= first) {
			this.#letIns.shift();
		}
	}
}

interface RevokedPair {
	readonly key: string;
	readonly revokedAt: number;
	/** Its id, its name, both of them, or everybody. */
	readonly isKnown: boolean;
}

/** A name holds no line break. */
function keyOf(id: string, eventName = ""): string {
	return `${eventName}\n${id}`;
}
