import type { Continuity } from "../core/continuity.ts";
import { encodeOrigin } from "../core/id.ts";

/** Milliseconds with a connection after which a node that has gone without saying that it ends counts as ended. */
const GONE = 30_000;
/** Milliseconds for which it is remembered who has gone that had sent nothing: it may turn out that nothing was heard then. */
const UNNOTICED = 120_000;

/** A process of a node: Moleculer's `instanceID`. */
type Instance = string | null | undefined;

/** A node that has gone. */
interface Gone {
	/** `performance.now()`. */
	at: number;
	/** It was asked where it is, and had not answered. */
	readonly wasAsked: boolean;
	/** It, or another process in its place, is back, and has not said yet where it is. */
	isBack: boolean;
	/** Which process it was. */
	readonly instance: Instance;
	/** It is another process that is back. */
	isReplaced: boolean;
}

/** What is asked of the nodes that are there. */
export interface Asking {
	/** Whether this gateway hears nobody, or has begun to again and has not asked yet. */
	readonly isAway: boolean;
	/** Whether a node has been asked, and has not answered. */
	isAwaited(nodeID: string): boolean;
}

/** Nodes that have gone, and of which something may be missing: each until it has said where it is, or counts as ended. */
export class GoneNodes {
	readonly #continuity: Continuity<unknown>;
	readonly #asking: Asking;
	readonly #gone = new Map<string, Gone>();
	/** Those that have gone without a word, and, as far as was heard, without having sent anything. */
	readonly #quiet = new Map<string, Gone>();

	constructor(continuity: Continuity<unknown>, asking: Asking) {
		this.#continuity = continuity;
		this.#asking = asking;
	}

	/** Whether nothing is suspected of any. */
	get areSettled(): boolean {
		return this.#gone.size === 0;
	}

	/** A node is gone: unless it has said where it ends, and all of that has come, something may be missing. */
	miss(nodeID: string, instance: Instance): void {
		const wasAsked = this.#asking.isAwaited(nodeID);
		const origin = encodeOrigin(nodeID);
		if (wasAsked || !this.#continuity.lives.isComplete(origin)) {
			this.#gone.set(nodeID, goneNow(instance, wasAsked));
		} else if (!this.#continuity.lives.hasEnded(origin)) {
			this.#quiet.set(nodeID, goneNow(instance, true));
		}
	}

	/** Another node takes one to be there that is not known here: it comes, or may have died. */
	suspect(nodeID: string, instance: string): void {
		if (!this.#gone.has(nodeID)) this.#gone.set(nodeID, goneNow(instance, true));
	}

	/** A node is there. */
	meet(nodeID: string, instance: Instance): void {
		const quiet = this.#quiet.get(nodeID);
		// If it is the same, it says itself what it has sent.
		if (quiet?.instance === instance) this.#quiet.delete(nodeID);
		for (const gone of [quiet, this.#gone.get(nodeID)]) {
			if (gone === undefined) continue;
			gone.isBack = true;
			gone.isReplaced ||= gone.instance !== instance;
		}
	}

	/** A process of a node has said where it ends, and all of that has come. @param instance Undefined if that is not known. */
	end(nodeID: string, instance?: string): void {
		for (const nodes of [this.#gone, this.#quiet]) {
			const gone = nodes.get(nodeID);
			// Of another process that had the name nothing is known by that.
			const isOther = instance && gone?.instance && gone.instance !== instance;
			if (!isOther) nodes.delete(nodeID);
		}
	}

	/**
	 * A node has said where it is.
	 *
	 * @returns Whether something may be missing all the same: the process before was asked, and never said what it had sent.
	 */
	answer(nodeID: string): boolean {
		const gone = this.#gone.get(nodeID);
		if (!gone?.isBack) return false;
		this.#gone.delete(nodeID);
		return gone.wasAsked && gone.isReplaced;
	}

	/** This gateway may have been away: who was silent until it went may have sent something, and half a minute begins anew. */
	away(): void {
		const now = performance.now();
		for (const [nodeID, gone] of this.#quiet) {
			if (now - gone.at < UNNOTICED) this.#gone.set(nodeID, gone);
		}
		this.#quiet.clear();
		for (const gone of this.#gone.values()) gone.at = now;
	}

	/** Those that are waited for no longer have ended. To be called now and then. */
	look(): void {
		const now = performance.now();
		for (const [nodeID, { at }] of this.#quiet) {
			if (now - at >= UNNOTICED) this.#quiet.delete(nodeID);
		}
		const { isAway } = this.#asking;
		for (const [nodeID, { at, wasAsked, isBack }] of this.#gone) {
			const origin = encodeOrigin(nodeID);
			// Its last packet may come behind the news that it has gone.
			const isOver = !wasAsked && this.#continuity.lives.isComplete(origin);
			// One that is back, and can be asked, is asked until it answers.
			const isAsked = isBack && this.#asking.isAwaited(nodeID);
			if (!isOver && (isAsked || now - at < GONE || isAway)) continue;
			this.#gone.delete(nodeID);
			if (!isOver) this.#continuity.leave(origin, now, wasAsked);
		}
	}
}

function goneNow(instance: Instance, wasAsked: boolean): Gone {
	return { at: performance.now(), wasAsked, isBack: false, instance, isReplaced: false };
}
