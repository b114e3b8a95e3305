import { encodeOrigin } from "../../../core/event/event-id.ts";
import type { SequenceTracker } from "../tracking/sequence-tracker.ts";

/** Milliseconds, while connected, after which a node that left without reporting its end counts as ended. */
const GONE = 30_000;
/**
 * Milliseconds for which departed nodes that had sent nothing are remembered: this gateway may turn out to have heard nothing
 * then.
 */
const UNNOTICED = 120_000;

/** A process of a node: Moleculer's `instanceID`. */
type Instance = string | null | undefined;

/** A process of a node that has left. */
interface Gone {
	readonly nodeID: string;
	readonly instance: Instance;
	/** `performance.now()`. */
	at: number;
	/** Whether it was asked for its position, and had not answered. */
	wasAsked: boolean;
	/** Whether its node is back, as the same process or another, and has not reported its position yet. */
	isBack: boolean;
	/** Whether its node is back as another process. */
	isReplaced: boolean;
}

/** Which questions to the present nodes are open. */
export interface Asking {
	/** Whether this gateway hears no other node, or hears them again and has not asked yet. */
	readonly isAway: boolean;
	/** Whether a node was asked and has not answered, even if it can no longer be asked. */
	isAwaited(nodeID: string): boolean;
	/** Whether a node is being asked. */
	isAsked(nodeID: string): boolean;
}

/** Processes that have left, by node. */
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

	/** A process that leaves again replaces its entry. */
	add(gone: Gone): void {
		const others = this.of(gone.nodeID).filter(({ instance }) => instance !== gone.instance);
		this.#byNode.set(gone.nodeID, [...others, gone]);
	}

	/** Removes the processes of a node for which `isSo` holds. */
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
 * Processes that have left, and of which something may be missing. Each stays until it, or the next process of its node, has
 * reported its position, or until it counts as ended.
 */
export class GoneNodes {
	readonly #tracker: SequenceTracker<unknown>;
	readonly #asking: Asking;
	readonly #gone = new GoneProcesses();
	/** Processes that left without reporting their end and, as far as was heard, without having sent anything. */
	readonly #quiet = new GoneProcesses();

	constructor(tracker: SequenceTracker<unknown>, asking: Asking) {
		this.#tracker = tracker;
		this.#asking = asking;
	}

	/** Whether nothing may be missing of any process. */
	get areSettled(): boolean {
		return this.#gone.isEmpty;
	}

	/** Whether something may be missing of this process. */
	isSuspected(nodeID: string, instance: string): boolean {
		return this.#gone.has(nodeID, instance);
	}

	/** A node has left. Unless it reported its end and everything before that has arrived, something may be missing. */
	miss(nodeID: string, instance: Instance): void {
		const wasAsked = this.#asking.isAwaited(nodeID);
		const { lives } = this.#tracker;
		const origin = encodeOrigin(nodeID);
		if (wasAsked || !lives.isComplete(origin)) this.#gone.add(goneNow(nodeID, instance, wasAsked));
		else if (!lives.hasEnded(origin)) this.#quiet.add(goneNow(nodeID, instance, true));
	}

	/** Another node lists a process that is not present here: it is about to appear, or may have died. */
	suspect(nodeID: string, instance: string): void {
		if (!this.isSuspected(nodeID, instance)) this.#gone.add(goneNow(nodeID, instance, true));
	}

	/** A node is present. */
	meet(nodeID: string, instance: Instance): void {
		// The same process reports by itself what it has sent.
		this.#quiet.remove(nodeID, gone => gone.instance === instance);
		for (const gone of [...this.#quiet.of(nodeID), ...this.#gone.of(nodeID)]) {
			gone.isBack = true;
			gone.isReplaced = gone.instance !== instance;
		}
	}

	/**
	 * A process has reported its end, so it is known what it sent. That says nothing of other processes of the node.
	 *
	 * @param instance Undefined if it is not known.
	 * @param isComplete Whether everything it sent has arrived; otherwise it is waited for.
	 */
	end(nodeID: string, instance: string | undefined, isComplete: boolean): void {
		const isEnded = (gone: Gone): boolean =>
			!instance || !gone.instance || gone.instance === instance;
		this.#quiet.remove(nodeID, isEnded);
		if (isComplete) this.#gone.remove(nodeID, isEnded);
		else for (const gone of this.#gone.of(nodeID)) if (isEnded(gone)) gone.wasAsked = false;
	}

	/**
	 * A node has reported its position.
	 *
	 * @returns Whether something may be missing all the same: an earlier process was asked, and never reported what it had
	 * sent.
	 */
	answer(nodeID: string): boolean {
		const settled = this.#gone.remove(nodeID, ({ isBack }) => isBack);
		return settled.some(({ wasAsked, isReplaced }) => wasAsked && isReplaced);
	}

	/**
	 * This gateway may have been away: processes that were silent before they left may have sent something, and the half minute
	 * starts again.
	 */
	away(): void {
		const now = performance.now();
		for (const gone of this.#quiet) if (now - gone.at < UNNOTICED) this.#gone.add(gone);
		this.#quiet.clear();
		for (const gone of this.#gone) gone.at = now;
	}

	/**
	 * Ends the wait for processes that are overdue. Call this now and then.
	 *
	 * @param told Called for each process before a loss is reported for it; default: does nothing.
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
			// Its last packet may arrive after the news that it has left.
			const isKnown = !wasAsked && this.#tracker.lives.isComplete(origin);
			// A node that is back, and can be asked, is asked until it answers.
			const isAsked = isBack && this.#asking.isAsked(nodeID);
			if (!isKnown && (isAsked || isAway || now - at < GONE)) continue;
			// Removed before it is reported: if that throws, the others are reported a second later.
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
