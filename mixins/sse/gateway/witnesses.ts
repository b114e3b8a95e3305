import { evictOldest } from "../core/evict.ts";
import type { GoneSender } from "../core/report.ts";

/** Milliseconds with a connection after which nobody is expected any more who could tell what has happened without it. */
const PATIENCE = 30_000;
/** Processes of nodes remembered that have gone. */
const MAX_GONE = 10_000;

/**
 * Knows which senders this gateway has met, and whether somebody who was there can tell of others: a sender that comes and goes
 * while the gateway is cut off is not known to it afterwards.
 */
export class Witnesses {
	/** Process of each node that is there. */
	readonly #there = new Map<string, string>();
	/** Those that were there, or were told. */
	readonly #gone = new Map<string, true>();
	#hasMetOthers = false;
	/** `performance.now()` since which it is connected, and nobody has told; undefined if somebody has. */
	#waitsSince: number | undefined;

	/** Whether nobody was there unnoticed, as far as anybody can tell. */
	get areHeard(): boolean {
		return this.#waitsSince === undefined;
	}

	/** A process of a node is there. */
	meet(nodeID: string, instance: string | null | undefined): void {
		if (!instance || this.#there.get(nodeID) === instance) return;
		this.left(nodeID);
		this.#there.set(nodeID, instance);
	}

	/** A node is gone: others tell of it from now on. */
	left(nodeID: string): void {
		const instance = this.#there.get(nodeID);
		if (instance !== undefined) this.note(nodeID, instance);
		this.#there.delete(nodeID);
	}

	/** A process of a node is known, though it was never met. */
	note(nodeID: string, instance: string): void {
		const key = keyOf(nodeID, instance);
		this.#gone.delete(key);
		this.#gone.set(key, true);
		evictOldest(this.#gone, MAX_GONE);
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

	/** Those of senders that have come and gone that this gateway has not met; each once. */
	unmetOf(gone: readonly GoneSender[]): GoneSender[] {
		const unmet = gone.filter(({ nodeID, instance }) => !this.hasMet(nodeID, instance));
		for (const { nodeID, instance } of unmet) this.note(nodeID, instance);
		return unmet;
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
