/** Milliseconds after which a missing answer is logged. */
const PATIENCE = 15_000;

/** Which nodes have been asked, and which have answered. */
export class AskedNodes {
	/** Nodes that are asked until they answer, each with the time at which its silence is logged. */
	readonly #waited = new Map<string, number>();
	/** Nodes that have not answered, even if they can no longer be asked: a node that stops loses its services first. */
	readonly #unanswered = new Set<string>();
	readonly #answered = new Set<string>();

	/** Nodes that are asked until they answer. */
	get waited(): string[] {
		return [...this.#waited.keys()];
	}

	/** Whether no answer is awaited. */
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

	/** From now on a node must answer. */
	wait(nodeID: string): void {
		this.#waited.set(nodeID, performance.now() + PATIENCE);
		this.#unanswered.add(nodeID);
	}

	/** A node's earlier answer no longer counts. */
	renew(nodeID: string): void {
		this.#answered.delete(nodeID);
	}

	/** @returns Whether its answer was awaited. */
	answer(nodeID: string): boolean {
		this.#answered.add(nodeID);
		this.#unanswered.delete(nodeID);
		return this.#waited.delete(nodeID);
	}

	/** A node has left. @returns Whether its answer was awaited. */
	left(nodeID: string): boolean {
		this.#answered.delete(nodeID);
		this.#unanswered.delete(nodeID);
		return this.#waited.delete(nodeID);
	}

	/** The process that must answer is a new one, so nothing is missing if the old one leaves. */
	isOther(nodeID: string): void {
		this.#unanswered.delete(nodeID);
	}

	/** A node that was asked has not answered, and can no longer be asked. */
	miss(nodeID: string): void {
		this.#unanswered.add(nodeID);
	}

	/** A node can no longer be asked. */
	giveUp(nodeID: string): void {
		this.#waited.delete(nodeID);
	}

	/** All present nodes are asked again. One that has not answered may be present and no longer able to answer. */
	restart(isThere: (nodeID: string) => boolean): void {
		this.#waited.clear();
		this.#answered.clear();
		for (const nodeID of this.#unanswered) {
			if (!isThere(nodeID)) this.#unanswered.delete(nodeID);
		}
	}

	/** Nodes that have not answered for long, each once. */
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
