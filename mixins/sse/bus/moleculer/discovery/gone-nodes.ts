import { encodeOrigin } from "../../../core/event/event-id.ts";
import type { SequenceTracker } from "../tracking/sequence-tracker.ts";

/** Milliseconds with a connection after which a node that has gone without saying that it ends counts as ended. */
const GONE = 30_000;
/** Milliseconds for which it is remembered who has gone that had sent nothing: it may turn out that nothing was heard then. */
const UNNOTICED = 120_000;

/** A process of a node: Moleculer's `instanceID`. */
type Instance = string | null | undefined;

/** A process of a node that has gone. */
interface Gone {
	readonly nodeID: string;
	readonly instance: Instance;
	/** `performance.now()`. */
	at: number;
	/** It was asked where it is, and had not answered. */
	wasAsked: boolean;
	/** Its node is back, as the same process or another, and has not said yet where it is. */
	isBack: boolean;
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

/**
 * Processes that have gone, and of which something may be missing: each until it, or its node's next one, has said where it is, or
 * it counts as ended.
 */
export class GoneNodes {
	readonly #tracker: SequenceTracker<unknown>;
	readonly #asking: Asking;
	#gone: readonly Gone[] = [];
	/** Those that have gone without a word, and, as far as was heard, without having sent anything. */
	#quiet: readonly Gone[] = [];

	constructor(tracker: SequenceTracker<unknown>, asking: Asking) {
		this.#tracker = tracker;
		this.#asking = asking;
	}

	/** Whether nothing is suspected of any. */
	get areSettled(): boolean {
		return this.#gone.length === 0;
	}

	/** Whether something is suspected of that process. */
	isSuspected(nodeID: string, instance: string): boolean {
		return this.#gone.some(gone => isOf(gone, nodeID, instance));
	}

	/** A node is gone: unless it has said where it ends, and all of that has come, something may be missing. */
	miss(nodeID: string, instance: Instance): void {
		const wasAsked = this.#asking.isAwaited(nodeID);
		const origin = encodeOrigin(nodeID);
		if (wasAsked || !this.#tracker.lives.isComplete(origin)) {
			this.#gone = added(this.#gone, goneNow(nodeID, instance, wasAsked));
		} else if (!this.#tracker.lives.hasEnded(origin)) {
			this.#quiet = added(this.#quiet, goneNow(nodeID, instance, true));
		}
	}

	/** Another node takes a process to be there that is not there for this gateway: it comes, or may have died. */
	suspect(nodeID: string, instance: string): void {
		if (this.isSuspected(nodeID, instance)) return;
		this.#gone = added(this.#gone, goneNow(nodeID, instance, true));
	}

	/** A node is there. */
	meet(nodeID: string, instance: Instance): void {
		// If it is the same, it says itself what it has sent.
		this.#quiet = this.#quiet.filter(gone => !isOf(gone, nodeID, instance));
		for (const gone of [...this.#quiet, ...this.#gone]) {
			if (gone.nodeID !== nodeID) continue;
			gone.isBack = true;
			gone.isReplaced ||= gone.instance !== instance;
		}
	}

	/**
	 * A process of a node has said where it ends: what it has sent is known. Of another process that had the name nothing is.
	 *
	 * @param instance Undefined if that is not known.
	 * @param isComplete Whether all of it has come; if not, it is waited for.
	 */
	end(nodeID: string, instance: string | undefined, isComplete: boolean): void {
		const isEnded = (gone: Gone): boolean => {
			const isOther = instance && gone.instance && gone.instance !== instance;
			return gone.nodeID === nodeID && !isOther;
		};
		this.#quiet = this.#quiet.filter(gone => !isEnded(gone));
		if (isComplete) this.#gone = this.#gone.filter(gone => !isEnded(gone));
		else for (const gone of this.#gone) if (isEnded(gone)) gone.wasAsked = false;
	}

	/**
	 * A node has said where it is.
	 *
	 * @returns Whether something may be missing all the same: a process before was asked, and never said what it had sent.
	 */
	answer(nodeID: string): boolean {
		const settled = this.#gone.filter(gone => gone.nodeID === nodeID && gone.isBack);
		if (settled.length === 0) return false;
		this.#gone = this.#gone.filter(gone => !settled.includes(gone));
		return settled.some(({ wasAsked, isReplaced }) => wasAsked && isReplaced);
	}

	/** This gateway may have been away: who was silent until it went may have sent something, and half a minute begins anew. */
	away(): void {
		const now = performance.now();
		for (const gone of this.#quiet) {
			if (now - gone.at < UNNOTICED) this.#gone = added(this.#gone, gone);
		}
		this.#quiet = [];
		for (const gone of this.#gone) gone.at = now;
	}

	/**
	 * Those that are waited for no longer have ended. To be called now and then.
	 *
	 * @returns Those of which it was told that something may be missing.
	 */
	look(): { readonly nodeID: string; readonly instance: Instance }[] {
		const now = performance.now();
		this.#quiet = this.#quiet.filter(({ at }) => now - at < UNNOTICED);
		if (this.areSettled) return [];
		const { isAway } = this.#asking;
		const unknown = this.#gone.filter(gone => !this.#isKnown(gone));
		this.#gone = unknown.filter(({ nodeID, at, isBack }) => {
			// One that is back, and can be asked, is asked until it answers.
			const isAsked = isBack && this.#asking.isAwaited(nodeID);
			return isAsked || isAway || now - at < GONE;
		});
		const waiting = new Set(this.#gone);
		const told = unknown.filter(gone => !waiting.has(gone));
		for (const { nodeID, wasAsked } of told) {
			this.#tracker.leave(encodeOrigin(nodeID), now, wasAsked);
		}
		return told;
	}

	/** Whether all that it has sent has come: its last packet may come behind the news that it has gone. */
	#isKnown({ nodeID, wasAsked }: Gone): boolean {
		return !wasAsked && this.#tracker.lives.isComplete(encodeOrigin(nodeID));
	}
}

function goneNow(nodeID: string, instance: Instance, wasAsked: boolean): Gone {
	return { nodeID, instance, at: performance.now(), wasAsked, isBack: false, isReplaced: false };
}

function isOf(gone: Gone, nodeID: string, instance: Instance): boolean {
	return gone.nodeID === nodeID && gone.instance === instance;
}

/** A process that goes again is the same, from now on. */
function added(list: readonly Gone[], gone: Gone): Gone[] {
	return [...list.filter(({ nodeID, instance }) => !isOf(gone, nodeID, instance)), gone];
}
