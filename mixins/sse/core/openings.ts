import { concerns, type Revocation } from "./close.ts";
import { EVERYONE } from "./event.ts";
import { Queue } from "./queue.ts";
import type { Subscription } from "./registry.ts";

/** A stream on its way to being open, or what else is granted on an answer that takes its time. */
export interface Opening {
	/** The revocation that came meanwhile and is about it, if one did. */
	revokedBy(stream: Subscription): Revocation | undefined;
	/** To be called when it is open, or refused. */
	done(): void;
}

/** Revocations remembered at a time; an opening from before all of them counts as revoked. */
const MAX_REVOCATIONS = 1000;

/** Whose it was is not known any more, and so its reason is not told. */
const FORGOTTEN: Revocation = { sessionId: EVERYONE, eventName: undefined, reason: "revoked" };

/**
 * Between the answer of `session` and the open stream, time passes. A revocation of that moment finds no
 * stream yet, and the stream would open on an answer that no longer holds. So revocations are remembered
 * for as long as a stream that was on its way then still is.
 */
export class Openings {
	/** Each with the number of revocations before it; in the order in which they began. */
	readonly #underway = new Set<{ readonly from: number }>();
	/** Since the oldest opening began. */
	readonly #revocations = new Queue<Revocation>();
	/** Number of revocations before the first that is remembered. */
	#forgotten = 0;

	/** Number of streams on their way. */
	get size(): number {
		return this.#underway.size;
	}

	/** Number of revocations that are remembered. */
	get remembered(): number {
		return this.#revocations.length;
	}

	begin(): Opening {
		const from = this.#forgotten + this.#revocations.length;
		const opening = { from };
		this.#underway.add(opening);
		return {
			revokedBy: stream => this.#since(from, stream),
			done: () => {
				if (this.#underway.delete(opening)) this.#forget();
			}
		};
	}

	revoke(revocation: Revocation): void {
		if (this.#underway.size === 0) return;
		this.#revocations.push(revocation);
		if (this.#revocations.length > MAX_REVOCATIONS) this.#shift();
	}

	#since(from: number, stream: Subscription): Revocation | undefined {
		if (from < this.#forgotten) return FORGOTTEN;
		for (let index = from - this.#forgotten; index < this.#revocations.length; index++) {
			const revocation = this.#revocations.at(index);
			if (revocation !== undefined && concerns(revocation, stream)) return revocation;
		}
		return undefined;
	}

	/** Lets go of what came before the oldest opening: on a busy gateway there is always one. */
	#forget(): void {
		const [oldest] = this.#underway;
		const needed = oldest?.from ?? Number.POSITIVE_INFINITY;
		while (this.#revocations.length > 0 && this.#forgotten < needed) this.#shift();
	}

	#shift(): void {
		this.#revocations.shift();
		this.#forgotten++;
	}
}
