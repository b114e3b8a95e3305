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
	/** Whether a node has been asked, and has not answered; it may not be asked any more. */
	isAwaited(nodeID: string): boolean;
	/** Whether a node is being asked. */
	isAsked(nodeID: string): boolean;
}

/** Processes that have gone, by their nodes. */
class GoneProcesses {
	readonly #byNode = new Map<string, readonly Gone[]>();

	get isEmpty(): boolean {
		return this.#byNode.size === 0;
	}

	*[Symbol.iterator](): IterableIterator<Gone> {
		for (const list of this.#byNode.values()) yield* list;
	}

	of(nodeID: string): readonly Gone[] {
		return this.#byNode.get(nodeID) ?? [];
	}

	has(nodeID: string, instance: Instance): boolean {
		return this.of(nodeID).some(gone => gone.instance === instance);
	}

	/** One that goes again is the same, from now on. */
	add(gone: Gone): void {
		const others = this.of(gone.nodeID).filter(({ instance }) => instance !== gone.instance);
		this.#byNode.set(gone.nodeID, [...others, gone]);
	}

	/** Takes out those of a node of which that is so. */
	remove(nodeID: string, isSo: (gone: Gone) => boolean): Gone[] {
		const removed = this.of(nodeID).filter(isSo);
		if (removed.length === 0) return removed;
		const left = this.of(nodeID).filter(gone => !removed.includes(gone));
		if (left.length > 0) this.#byNode.set(nodeID, left);
		else this.#byNode.delete(nodeID);
		return removed;
	}

	clear(): void {
		this.#byNode.clear();
	}
}

/**
 * Processes that have gone, and of which something may be missing: each until it, or its node's next one, has said where it is, or
 * it counts as ended.
 */
export class GoneNodes {
	readonly #tracker: SequenceTracker<unknown>;
	readonly #asking: Asking;
	readonly #gone = new GoneProcesses();
	/** Those that have gone without a word, and, as far as was heard, without having sent anything. */
	readonly #quiet = new GoneProcesses();

	constructor(tracker: SequenceTracker<unknown>, asking: Asking) {
		this.#tracker = tracker;
		this.#asking = asking;
	}

	/** Whether nothing is suspected of any. */
	get areSettled(): boolean {
		return this.#gone.isEmpty;
	}

	/** Whether something is suspected of that process. */
	isSuspected(nodeID: string, instance: string): boolean {
		return this.#gone.has(nodeID, instance);
	}

	/** A node is gone: unless it has said where it ends, and all of that has come, something may be missing. */
	miss(nodeID: string, instance: Instance): void {
		const wasAsked = this.#asking.isAwaited(nodeID);
		const { lives } = this.#tracker;
		const origin = encodeOrigin(nodeID);
		if (wasAsked || !lives.isComplete(origin)) this.#gone.add(goneNow(nodeID, instance, wasAsked));
		else if (!lives.hasEnded(origin)) this.#quiet.add(goneNow(nodeID, instance, true));
	}

	/** Another node takes a process to be there that is not there for this gateway: it comes, or may have died. */
	suspect(nodeID: string, instance: string): void {
		if (!this.isSuspected(nodeID, instance)) this.#gone.add(goneNow(nodeID, instance, true));
	}

	/** A node is there. */
	meet(nodeID: string, instance: Instance): void {
		// If it is the same, it says itself what it has sent.
		this.#quiet.remove(nodeID, gone => gone.instance === instance);
		for (const gone of [...this.#quiet.of(nodeID), ...this.#gone.of(nodeID)]) {
			gone.isBack = true;
			gone.isReplaced = gone.instance !== instance;
		}
	}

	/**
	 * A process of a node has said where it ends: what it has sent is known. Of another process that had the name nothing is.
	 *
	 * @param instance Undefined if that is not known.
	 * @param isComplete Whether all of it has come; if not, it is waited for.
	 */
	end(nodeID: string, instance: string | undefined, isComplete: boolean): void {
		const isEnded = (gone: Gone): boolean =>
			!instance || !gone.instance || gone.instance === instance;
		this.#quiet.remove(nodeID, isEnded);
		if (isComplete) this.#gone.remove(nodeID, isEnded);
		else for (const gone of this.#gone.of(nodeID)) if (isEnded(gone)) gone.wasAsked = false;
	}

	/**
	 * A node has said where it is.
	 *
	 * @returns Whether something may be missing all the same: a process before was asked, and never said what it had sent.
	 */
	answer(nodeID: string): boolean {
		const settled = this.#gone.remove(nodeID, ({ isBack }) => isBack);
		return settled.some(({ wasAsked, isReplaced }) => wasAsked && isReplaced);
	}

	/** This gateway may have been away: who was silent until it went may have sent something, and half a minute begins anew. */
	away(): void {
		const now = performance.now();
		for (const gone of this.#quiet) if (now - gone.at < UNNOTICED) this.#gone.add(gone);
		this.#quiet.clear();
		for (const gone of this.#gone) gone.at = now;
	}

	/**
	 * Those that are waited for no longer have ended. To be called now and then.
	 *
	 * @param told Called for each of which it is told that something may be missing; default: nobody is.
	 */
	look(told: (nodeID: string, instance: Instance) => void = () => {}): void {
		const now = performance.now();
		for (const gone of this.#quiet) {
			if (now - gone.at >= UNNOTICED) this.#quiet.remove(gone.nodeID, other => other === gone);
		}
		const { isAway } = this.#asking;
		for (const gone of this.#gone) {
			const { nodeID, instance, at, wasAsked, isBack } = gone;
			const origin = encodeOrigin(nodeID);
			// Its last packet may come behind the news that it has gone.
			const isKnown = !wasAsked && this.#tracker.lives.isComplete(origin);
			// One that is back, and can be asked, is asked until it answers.
			const isAsked = isBack && this.#asking.isAsked(nodeID);
			if (!isKnown && (isAsked || isAway || now - at < GONE)) continue;
			// Before it is told: if that fails, the others are told a second later.
			this.#gone.remove(nodeID, other => other === gone);
			if (isKnown) continue;
			told(nodeID, instance);
			this.#tracker.leave(origin, now, wasAsked);
		}
	}
}

function goneNow(nodeID: string, instance: Instance, wasAsked: boolean): Gone {
	return { nodeID, instance, at: performance.now(), wasAsked, isBack: false, isReplaced: false };
}
