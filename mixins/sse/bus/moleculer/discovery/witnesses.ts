import { setNewest } from "../../../core/collections/set-newest.ts";
import type { GoneSender } from "../position-report.ts";

/** Milliseconds with a connection after which nobody is expected any more who could tell what has happened without it. */
const PATIENCE = 30_000;
/** Milliseconds by which nodes may differ in when they miss a process that has died; so long it is waited for here as well. */
const APART = 30_000;
/** Processes of nodes remembered that have gone. */
const MAX_GONE = 10_000;

/** A sender that has gone, as another node has told. */
export interface Departure extends GoneSender {
	/** `performance.now()` at which it was missed. */
	readonly at: number;
}

/** What is known of a process that is not there. */
interface Accounted {
	/** `performance.now()` until which all that it may have sent is known, or told, or will be. */
	readonly until: number;
	/** Others may only have missed it later than this gateway: what it sent in between is not told. */
	readonly isGuess: boolean;
}

/**
 * Knows which senders this gateway has met, and whether somebody who was there can tell of others: a sender that comes and goes
 * while the gateway is cut off is not known to it afterwards.
 */
export class Witnesses {
	/** Process of each node that is there. */
	readonly #there = new Map<string, string>();
	/** Those that are not there. */
	readonly #gone = new Map<string, Accounted>();
	#hasMetOthers = false;
	/** `performance.now()` since which it is connected, and nobody has told; undefined if somebody has. */
	#waitsSince: number | undefined;

	/** Whether nobody was there unnoticed, as far as anybody can tell. */
	get areHeard(): boolean {
		return this.#waitsSince === undefined;
	}

	/** A process of a node is there. */
	meet(nodeID: string, instance: string | null | undefined, now: number): void {
		if (!instance || this.#there.get(nodeID) === instance) return;
		this.left(nodeID, now);
		this.#there.set(nodeID, instance);
		this.#gone.delete(keyOf(nodeID, instance));
	}

	/** A node is gone: others tell of it from now on. It may be cut off from this gateway alone, and live on for them. */
	left(nodeID: string, now: number): void {
		const instance = this.#there.get(nodeID);
		if (instance !== undefined) this.account(nodeID, instance, now + APART, true);
		this.#there.delete(nodeID);
	}

	/** A process has said where it ends: nothing is unknown of it. */
	end(nodeID: string, instance: string): void {
		this.account(nodeID, instance, Number.POSITIVE_INFINITY);
	}

	/** What a process sends until then is told, or known, or will be. */
	account(nodeID: string, instance: string, until: number, isGuess = false): void {
		const key = keyOf(nodeID, instance);
		const known = this.#gone.get(key);
		const isOlder = known === undefined || known.until < until;
		setNewest(this.#gone, key, isOlder ? { until, isGuess } : known, MAX_GONE);
	}

	/** Whether a process is there, or nothing that it has sent by then is unknown. */
	isAccounted(nodeID: string, instance: string, until: number): boolean {
		if (this.#there.get(nodeID) === instance) return true;
		const known = this.#gone.get(keyOf(nodeID, instance));
		return known !== undefined && known.until >= until;
	}

	/** Whether a process of a node is, or was, known. */
	hasMet(nodeID: string, instance: string): boolean {
		return this.#there.get(nodeID) === instance || this.#gone.has(keyOf(nodeID, instance));
	}

	/** This gateway may have been away, until now. */
	wasAway(now: number): void {
		if (this.#hasMetOthers) this.#waitsSince = now;
	}

	/** Another node has answered since. */
	answer(): void {
		this.#hasMetOthers = true;
		this.#waitsSince = undefined;
	}

	/**
	 * Those of senders that have come and gone that this gateway has not met, or that have lived on for others longer than for it;
	 * each once.
	 */
	newsOf(gone: readonly Departure[]): Departure[] {
		return gone.filter(({ nodeID, instance, at, hasSent }) => {
			// It was silent here, and has said to others that it had sent something.
			const isGuess = this.#gone.get(keyOf(nodeID, instance))?.isGuess === true;
			if (this.isAccounted(nodeID, instance, at) && !(isGuess && hasSent)) return false;
			this.#gone.delete(keyOf(nodeID, instance));
			this.account(nodeID, instance, at);
			return true;
		});
	}

	/** Whether it is too late for anybody to come who was there; not again until the next absence. */
	giveUp(now: number): boolean {
		if (this.#waitsSince === undefined || now - this.#waitsSince < PATIENCE) return false;
		this.#waitsSince = undefined;
		return true;
	}
}

function keyOf(nodeID: string, instance: string): string {
	return `${nodeID} ${instance}`;
}
