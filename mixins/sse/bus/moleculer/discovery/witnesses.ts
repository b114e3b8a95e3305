import { setNewest } from "../../../core/collections/set-newest.ts";
import type { GoneSender } from "../position-report.ts";

/** Milliseconds, while connected, after which no further node is expected to tell what happened during the absence. */
const PATIENCE = 30_000;
/** Milliseconds by which nodes may differ in noticing that a process died; this gateway waits as long, too. */
const APART = 30_000;
/** Most departed processes that are remembered. */
const MAX_GONE = 10_000;

/** A sender that has left, as another node reports. */
export interface Departure extends GoneSender {
	/** `performance.now()` at which its departure was noticed. */
	readonly at: number;
}

/** What is known of a process that is not present. */
interface Accounted {
	/** `performance.now()` until which everything it may have sent is known, is reported as lost, or will be. */
	readonly until: number;
	/** Others may only have noticed its departure later than this gateway: what it sent in between is not reported as lost. */
	readonly isGuess: boolean;
}

/**
 * Knows which senders this gateway has met, and whether a node that was there can tell of others: a sender that comes and
 * leaves while the gateway is cut off stays unknown to it.
 */
export class Witnesses {
	/** Process of each node that is present. */
	readonly #there = new Map<string, string>();
	/** Processes that are not present. */
	readonly #gone = new Map<string, Accounted>();
	#hasMetOthers = false;
	/** `performance.now()` since which it is connected and no node has told it; undefined if one has. */
	#waitsSince: number | undefined;

	/** Whether no sender came and left unnoticed, as far as any node can tell. */
	get areHeard(): boolean {
		return this.#waitsSince === undefined;
	}

	/** A process of a node is present. */
	meet(nodeID: string, instance: string | null | undefined, now: number): void {
		if (!instance || this.#there.get(nodeID) === instance) return;
		this.left(nodeID, now);
		this.#there.set(nodeID, instance);
		this.#gone.delete(keyOf(nodeID, instance));
	}

	/** A node has left; from now on others may tell of it. It may be cut off from this gateway alone, and live on for them. */
	left(nodeID: string, now: number): void {
		const instance = this.#there.get(nodeID);
		if (instance !== undefined) this.account(nodeID, instance, now + APART, true);
		this.#there.delete(nodeID);
	}

	/** A process has reported its end, so nothing of it is unknown. */
	end(nodeID: string, instance: string): void {
		this.account(nodeID, instance, Number.POSITIVE_INFINITY);
	}

	/** What a process sends up to `until` is known, is reported as lost, or will be. */
	account(nodeID: string, instance: string, until: number, isGuess = false): void {
		const key = keyOf(nodeID, instance);
		const known = this.#gone.get(key);
		const isOlder = known === undefined || known.until < until;
		setNewest(this.#gone, key, isOlder ? { until, isGuess } : known, MAX_GONE);
	}

	/** Whether a process is present, or nothing that it sent up to `until` is unknown. */
	isAccounted(nodeID: string, instance: string, until: number): boolean {
		if (this.#there.get(nodeID) === instance) return true;
		const known = this.#gone.get(keyOf(nodeID, instance));
		return known !== undefined && known.until >= until;
	}

	/** Whether a process of a node is known, or was. */
	hasMet(nodeID: string, instance: string): boolean {
		return this.#there.get(nodeID) === instance || this.#gone.has(keyOf(nodeID, instance));
	}

	/** This gateway may have been away until now. */
	wasAway(now: number): void {
		if (this.#hasMetOthers) this.#waitsSince = now;
	}

	/** Another node has answered since then. */
	answer(): void {
		this.#hasMetOthers = true;
		this.#waitsSince = undefined;
	}

	/** Departed senders that this gateway has not met, or that lived on for others longer than for this gateway; each once. */
	newsOf(gone: readonly Departure[]): Departure[] {
		return gone.filter(({ nodeID, instance, at, hasSent }) => {
			// It was silent here, and has told others that it had sent something.
			const isGuess = this.#gone.get(keyOf(nodeID, instance))?.isGuess === true;
			if (this.isAccounted(nodeID, instance, at) && !(isGuess && hasSent)) return false;
			this.#gone.delete(keyOf(nodeID, instance));
			this.account(nodeID, instance, at);
			return true;
		});
	}

	/** Whether it is too late for a node to appear that was there; true once for each absence. */
	giveUp(now: number): boolean {
		if (this.#waitsSince === undefined || now - this.#waitsSince < PATIENCE) return false;
		this.#waitsSince = undefined;
		return true;
	}
}

function keyOf(nodeID: string, instance: string): string {
	return `${nodeID} ${instance}`;
}
