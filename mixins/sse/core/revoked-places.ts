import type { Revocation } from "./close.ts";
import { EVERYONE } from "./event.ts";
import { Queue } from "./queue.ts";
import type { Subscription } from "./registry.ts";

/** Session ids, with or without a name, that are remembered at a time. */
const MAX_REVOKED = 50_000;

interface Revoked {
	readonly key: string;
	readonly position: number;
	readonly at: number;
}

/**
 * Where in a gateway's history sessions were revoked. A client that comes back from before it may have a
 * session again by then; what was sent in between was sent to one that had none.
 */
export class RevokedPlaces {
	readonly #order = new Queue<Revoked>();
	/** By name and session id, the last of them. */
	readonly #latest = new Map<string, Revoked>();
	readonly #maxAge: number;
	/** Up to here it is not known any more who was revoked. */
	#forgotten = 0;

	/** @param maxAge Milliseconds after which nothing from before a revocation is kept anyway. */
	constructor(maxAge: number) {
		this.#maxAge = maxAge;
	}

	/** How many are remembered. */
	get size(): number {
		return this.#order.length;
	}

	/** Takes note of a revocation between the events before and behind a position of its own. */
	add({ sessionId, eventName }: Revocation, position: number, now: number): void {
		for (const id of typeof sessionId === "string" ? [sessionId] : sessionId) {
			const revoked = { key: keyOf(id, eventName), position, at: now };
			this.#order.push(revoked);
			this.#latest.set(revoked.key, revoked);
		}
		this.#forget(now);
	}

	/**
	 * Whether nothing may be replayed to a stream from a position on, and why: it was revoked since, or that
	 * is not known any more.
	 */
	since(
		position: number,
		{ sessionIds, eventNames }: Subscription
	): "revoked" | "expired" | undefined {
		if (position <= this.#forgotten) return "expired";
		if (this.#latest.size === 0) return undefined;
		for (const id of [...sessionIds, EVERYONE]) {
			for (const name of [undefined, ...eventNames]) {
				if (position <= (this.#latest.get(keyOf(id, name))?.position ?? 0)) return "revoked";
			}
		}
		return undefined;
	}

	#forget(now: number): void {
		for (;;) {
			const oldest = this.#order.at(0);
			if (oldest === undefined) return;
			if (this.#order.length <= MAX_REVOKED && now - oldest.at <= this.#maxAge) return;
			this.#order.shift();
			// Who was revoked again is remembered by that.
			if (this.#latest.get(oldest.key) !== oldest) continue;
			this.#latest.delete(oldest.key);
			this.#forgotten = oldest.position;
		}
	}
}

/** A name holds no line break. */
function keyOf(id: string, eventName = ""): string {
	return `${eventName}\n${id}`;
}
