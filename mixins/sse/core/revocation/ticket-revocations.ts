import type { Subscription } from "../addressing/registry.ts";
import { EVERYONE } from "../addressing/session-id.ts";
import { Queue } from "../collections/queue.ts";
import type { Revocation } from "./revocation.ts";

/** Most session ids that are remembered, each counted as often as it was revoked. */
const MAX_IDS = 50_000;

/** A revocation as this gateway has heard it. */
export interface HeardRevocation {
	/** The same on every gateway; undefined if its sender gives none. */
	readonly id: string | undefined;
	/** When it happened, in milliseconds on the clock that `add` was given. */
	readonly at: number;
	/** Number of revocations heard before it. */
	readonly order: number;
}

interface Remembered extends HeardRevocation {
	readonly revocation: Revocation;
}

/**
 * The revocations of the recent past, for proofs that are used later: a ticket must not open a stream of a session that was
 * revoked after the ticket was issued.
 */
export class TicketRevocations {
	/** In the order in which they were heard. */
	readonly #order = new Queue<Remembered>();
	/** By event name and session id, each in the order in which they were heard. */
	readonly #byKey = new Map<string, Queue<Remembered>>();
	readonly #maxAge: number;
	#size = 0;
	#count = 0;
	/** Stands for all that were dropped for lack of room: the last of them, without its session. */
	#forgotten: HeardRevocation | undefined;

	/** @param maxAge Milliseconds after which a revocation is no longer needed. */
	constructor(maxAge: number) {
		this.#maxAge = maxAge;
	}

	/** Number of revocations ever heard. */
	get count(): number {
		return this.#count;
	}

	/** Number of session ids that are remembered; one that was revoked twice counts twice. */
	get size(): number {
		return this.#size;
	}

	/**
	 * Remembers a revocation, or a part of one.
	 *
	 * @param id The same on every gateway, and for all its parts, if its sender gives one.
	 * @param at When it happened, if that was before `now`.
	 */
	add(revocation: Revocation, id: string | undefined, now: number, at: number = now): void {
		const heard = { revocation, id, at, order: this.#count++ };
		const keys = keysOf(revocation);
		this.#makeRoom(keys.length, now);
		if (keys.length > MAX_IDS) {
			this.#forget(heard);
			return;
		}
		this.#order.push(heard);
		this.#size += keys.length;
		for (const key of keys) {
			const queue = this.#byKey.get(key) ?? new Queue();
			this.#byKey.set(key, queue);
			queue.push(heard);
		}
	}

	/**
	 * The revocations that cover a stream, in no particular order and possibly more than once; and one that stands for all that
	 * were dropped for lack of room, if there are any.
	 */
	*concerning({ sessionIds, eventNames }: Subscription): Generator<HeardRevocation, void> {
		if (this.#forgotten !== undefined) yield this.#forgotten;
		for (const id of [...sessionIds, EVERYONE]) {
			for (const name of [undefined, ...eventNames]) {
				const queue = this.#byKey.get(keyOf(id, name));
				for (let index = 0; index < (queue?.length ?? 0); index++) {
					yield queue?.at(index) as HeardRevocation;
				}
			}
		}
	}

	/** Drops what is too old, and then the oldest until there is room for `ids` more. */
	#makeRoom(ids: number, now: number): void {
		for (;;) {
			const oldest = this.#order.at(0);
			if (oldest === undefined) return;
			const isOld = now - oldest.at > this.#maxAge;
			if (!isOld && this.#size + ids <= MAX_IDS) return;
			this.#letGo(oldest);
			if (!isOld) this.#forget(oldest);
		}
	}

	/** Revocations of the past are heard after later ones, so the latest of each value counts. */
	#forget({ at, order }: HeardRevocation): void {
		const before = this.#forgotten ?? { at, order };
		this.#forgotten = {
			id: undefined,
			at: Math.max(at, before.at),
			order: Math.max(order, before.order)
		};
	}

	#letGo({ revocation }: Remembered): void {
		this.#order.shift();
		for (const key of keysOf(revocation)) {
			this.#size--;
			const queue = this.#byKey.get(key);
			queue?.shift();
			if (queue?.length === 0) this.#byKey.delete(key);
		}
	}
}

function keysOf({ sessionId, eventName }: Revocation): string[] {
	const ids = typeof sessionId === "string" ? [sessionId] : sessionId;
	return ids.map(id => keyOf(id, eventName));
}

/** A name contains no line break. */
function keyOf(id: string, eventName = ""): string {
	return `${eventName}\n${id}`;
}
