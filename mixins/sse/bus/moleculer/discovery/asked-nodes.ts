/** Milliseconds after which it is logged that a node does not answer. */
const PATIENCE = 15_000;

/** Which nodes have been asked, and which have answered. */
export class AskedNodes {
	/** Those that are asked until they answer, and when it is logged that they do not. */
	readonly #waited = new Map<string, number>();
	/** Those that have not answered, also if they cannot be asked any more: a node that stops is first without services. */
	readonly #unanswered = new Set<string>();
	readonly #answered = new Set<string>();

	/** Those that are asked until they answer. */
	get waited(): string[] {
		return [...this.#waited.keys()];
	}

	/** Whether none is asked until it answers. */
	get haveAnswered(): boolean {
		return this.#waited.size === 0;
	}

	isWaited(nodeID: string): boolean {
		return this.#waited.has(nodeID);
	}

	isUnanswered(nodeID: string): boolean {
		return this.#unanswered.has(nodeID);
	}

	hasAnswered(nodeID: string): boolean {
		return this.#answered.has(nodeID);
	}

	/** A node has to answer from now on. */
	wait(nodeID: string): void {
		this.#waited.set(nodeID, performance.now() + PATIENCE);
		this.#unanswered.add(nodeID);
	}

	/** What a node has answered counts no more. */
	renew(nodeID: string): void {
		this.#answered.delete(nodeID);
	}

	/** @returns Whether it was waited for. */
	answer(nodeID: string): boolean {
		this.#answered.add(nodeID);
		this.#unanswered.delete(nodeID);
		return this.#waited.delete(nodeID);
	}

	/** A node is gone. @returns Whether it was waited for. */
	left(nodeID: string): boolean {
		this.#answered.delete(nodeID);
		this.#unanswered.delete(nodeID);
		return this.#waited.delete(nodeID);
	}

	/** Who has to answer is not the process that was there, and is not missed if that one goes. */
	isOther(nodeID: string): void {
		this.#unanswered.delete(nodeID);
	}

	/** A node that was asked has not answered, and cannot be asked any more. */
	miss(nodeID: string): void {
		this.#unanswered.add(nodeID);
	}

	/** A node cannot be asked any more. */
	giveUp(nodeID: string): void {
		this.#waited.delete(nodeID);
	}

	/** All that are there are asked anew: who has not answered so far may be there, and not to be asked any more. */
	restart(isThere: (nodeID: string) => boolean): void {
		this.#waited.clear();
		this.#answered.clear();
		for (const nodeID of this.#unanswered) {
			if (!isThere(nodeID)) this.#unanswered.delete(nodeID);
		}
	}

	/** Those that have not answered for long, each once. */
	takeOverdue(now: number): string[] {
		const overdue: string[] = [];
		for (const [nodeID, until] of this.#waited) {
			if (until > now) continue;
			this.#waited.set(nodeID, Number.POSITIVE_INFINITY);
			overdue.push(nodeID);
		}
		return overdue;
	}
}
