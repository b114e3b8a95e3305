import type { Subscription } from "../addressing/registry.ts";
import { EVERYONE } from "../addressing/session-id.ts";
import { LatestByKey } from "../collections/latest-by-key.ts";
import { KeyedCounter } from "../limits/keyed-counter.ts";
import type { Revocation } from "./revocation.ts";

/**
 * Milliseconds after a revocation for which everything that is sent to the session is withheld from it, unless the session is
 * let in again. Not for ever: each gateway that the session comes to resets it once, and last week's revocation must not reset
 * anybody.
 */
const REMEMBERED = 3_600_000;

/** Most session ids, with or without a name, that are remembered as revoked. */
const MAX_REVOKED = 50_000;
/**
 * Most pairs of a session id and a name to which sessions are remembered as let in, each pair counted for each session; beyond
 * that, clients are reset once more.
 */
const MAX_LET_IN = 200_000;

interface Mark {
	readonly key: string;
	readonly position: number;
}

interface Revoked extends Mark {
	readonly at: number;
	/** Its session id, if it is a revocation of one name alone. */
	readonly named: string | undefined;
}

/** From where on events may be replayed to a stream, and the reason for resetting one that comes from before. */
export interface Admission {
	/** 0 = from anywhere; Infinity = from nowhere. */
	readonly from: number;
	readonly reason: "revoked" | "expired";
}

/**
 * Which events of a gateway's history are withheld from sessions that were revoked: all from before they were let in again. What
 * was sent in between is not for them; and since a client may name any position, what it says does not show whether it comes from
 * before or after a revocation. The proof that a session was let in is that one of its streams opened here.
 */
export class WithheldEvents {
	/** By session id and name; without the name if it was revoked for all. */
	readonly #revoked = new LatestByKey<Revoked>();
	/** How many of them are of one name alone, by session id: for all others, a stream's names need no look-up. */
	readonly #named = new KeyedCounter();
	/**
	 * By session and pair: being let in to one name says nothing about another, and that one member of a group is let in says
	 * nothing about the others.
	 */
	readonly #letIns = new LatestByKey<Mark>();
	/** The last of those that were dropped for lack of room: up to it, any session may have been revoked. */
	#lost: Pick<Revoked, "position" | "at"> = { position: 0, at: Number.NEGATIVE_INFINITY };
	readonly #keep: number;

	/** @param maxAge Milliseconds for which events are kept. */
	constructor(maxAge: number) {
		this.#keep = REMEMBERED + maxAge;
	}

	/** Number of session ids, with or without a name, that are remembered as revoked. */
	get size(): number {
		return this.#revoked.size;
	}

	/** Number of pairs that are remembered as let in again, each counted for each session. */
	get letIns(): number {
		return this.#letIns.size;
	}

	/** Records a revocation at a position of its own, between the events before and after it. */
	add({ sessionId, eventName }: Revocation, position: number, now: number): void {
		for (const id of typeof sessionId === "string" ? [sessionId] : sessionId) {
			const key = keyOf(id, eventName);
			const before = this.#revoked.get(key);
			// A revocation of the past does not shorten how long a later one is remembered.
			const at = Math.max(now, before?.at ?? now);
			const named = eventName === undefined ? undefined : id;
			if (named !== undefined && before === undefined) this.#named.up(named);
			this.#revoked.push({ key, position, at, named });
			this.#forget(now);
		}
	}

	/**
	 * A stream has opened between the events before a position and those after it.
	 *
	 * @returns Number of its pairs that had been revoked.
	 */
	letIn(stream: Subscription, position: number, now: number): number {
		let count = 0;
		for (const { key, revokedAt } of this.#revokedPairs(stream, now)) {
			count++;
			if (this.#letInAt(key) > revokedAt) continue;
			this.#letIns.push({ key, position });
			if (this.#letIns.size > MAX_LET_IN) this.#letIns.shift();
		}
		return count;
	}

	/** The same for many streams, as far as it can be remembered: everyone may have been revoked. */
	letInAll(streams: Iterable<Subscription>, position: number, now: number): void {
		let left = MAX_LET_IN;
		for (const stream of streams) {
			left -= this.letIn(stream, position, now);
			if (left <= 0) return;
		}
	}

	/** Events that were sent earlier may still arrive, after those that are here: no session counts as let in any more. */
	forgetLetIns(): void {
		if (this.#letIns.size > 0) this.#letIns.clear();
	}

	/**
	 * What may be replayed to a returning stream, before it is itself the proof that it was let in.
	 *
	 * @param openedAt Position at which it was opened, if what came before is not for it in any case: what came since is.
	 */
	admit(stream: Subscription, now: number, openedAt = 0): Admission {
		let from = 0;
		let reason: Admission["reason"] = "expired";
		for (const { key, revokedAt, isKnown } of this.#revokedPairs(stream, now)) {
			if (openedAt > revokedAt) continue;
			const letInAt = this.#letInAt(key);
			from = Math.max(from, letInAt > revokedAt ? letInAt : Number.POSITIVE_INFINITY);
			if (isKnown) reason = "revoked";
		}
		return { from, reason };
	}

	#letInAt(pair: string): number {
		return this.#letIns.get(pair)?.position ?? 0;
	}

	/**
	 * The pairs of a stream's ids and names that were revoked, or may have been, each with the position of the last revocation.
	 */
	*#revokedPairs({ sessionIds, eventNames }: Subscription, now: number): Generator<RevokedPair> {
		const lost = this.#positionOf(this.#lost, now);
		if (this.#revoked.size === 0 && lost === 0) return;
		const last = (id: string, name?: string) =>
			this.#positionOf(this.#revoked.get(keyOf(id, name)), now);
		const ofName = (id: string, name: string) => (this.#named.of(id) > 0 ? last(id, name) : 0);
		const everyone = last(EVERYONE);
		const isAnyName = this.#named.of(EVERYONE) > 0;
		const [session = ""] = sessionIds;
		for (const id of sessionIds) {
			const ofAll = Math.max(everyone, last(id));
			if (ofAll === 0 && lost === 0 && !isAnyName && this.#named.of(id) === 0) continue;
			for (const name of eventNames) {
				const known = Math.max(ofAll, ofName(EVERYONE, name), ofName(id, name));
				const revokedAt = Math.max(known, lost);
				if (revokedAt === 0) continue;
				yield { key: letInKeyOf(session, id, name), revokedAt, isKnown: known > 0 };
			}
		}
	}

	/** 0 if it is over. */
	#positionOf(revoked: Pick<Revoked, "position" | "at"> | undefined, now: number): number {
		return revoked === undefined || this.#isOver(revoked, now) ? 0 : revoked.position;
	}

	/** By then, nothing that was sent while it was remembered is still kept. */
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
			if (oldest.named !== undefined) this.#named.down(oldest.named);
		}
		// Being let in has an effect only on earlier revocations.
		const first = this.#positionOf(this.#lost, now) || (this.#revoked.oldest?.position ?? 0);
		while ((this.#letIns.oldest?.position ?? Number.POSITIVE_INFINITY) <= first) {
			this.#letIns.shift();
		}
	}
}

interface RevokedPair {
	/** That of the session's being let in to it. */
	readonly key: string;
	readonly revokedAt: number;
	/** Whether its id, its name, both of them or everyone was revoked; false if that is only possible. */
	readonly isKnown: boolean;
}

/** A name contains no line break. */
function keyOf(id: string, eventName = ""): string {
	return `${eventName}\n${id}`;
}

/** @param session The first id of the stream: who it is. The others are groups. */
function letInKeyOf(session: string, id: string, eventName: string): string {
	return `${eventName}\n${session.length}\n${session}${id}`;
}
