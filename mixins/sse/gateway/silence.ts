/** Milliseconds of silence after which a sender is asked: those that have sent something report once a minute at least. */
const SILENCE = 70_000;
/** Milliseconds within which it has to answer. */
const PATIENCE = 5000;

/** Notices senders from which nothing comes any more though they are there: the way from them to this gateway may be broken. */
export class Silence {
	/** `performance.now()` at which each was heard last. */
	readonly #heardAt = new Map<string, number>();
	/** And at which it was asked because of its silence. */
	readonly #askedAt = new Map<string, number>();

	heard(nodeID: string, now: number): void {
		this.#heardAt.set(nodeID, now);
		this.#askedAt.delete(nodeID);
	}

	left(nodeID: string): void {
		this.#heardAt.delete(nodeID);
		this.#askedAt.delete(nodeID);
	}

	clear(): void {
		this.#heardAt.clear();
		this.#askedAt.clear();
	}

	/** Those to be asked now, each once. */
	ask(now: number): string[] {
		const silent: string[] = [];
		for (const [nodeID, at] of this.#heardAt) {
			if (now - at < SILENCE || this.#askedAt.has(nodeID)) continue;
			this.#askedAt.set(nodeID, now);
			silent.push(nodeID);
		}
		return silent;
	}

	/** Those that were asked, and have not answered in time; they are forgotten until they are heard again. */
	takeUnanswered(now: number): string[] {
		const unanswered: string[] = [];
		for (const [nodeID, at] of this.#askedAt) {
			if (now - at < PATIENCE) continue;
			this.left(nodeID);
			unanswered.push(nodeID);
		}
		return unanswered;
	}
}
