/** Milliseconds of silence after which a sender is asked: those that have sent something report once a minute at least. */
const SILENCE = 70_000;
/** Milliseconds earlier at which others are asked with it: while somebody is asked, no ids are given. */
const SOON = 20_000;
/** Milliseconds within which it has to answer. */
const PATIENCE = 5000;

/** Notices senders from which nothing comes any more though they are there: the way from them to this gateway may be broken. */
export class SilentSenders {
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

	/** @returns Those that had been asked, and had not answered. */
	clear(): string[] {
		const asked = [...this.#askedAt.keys()];
		this.#heardAt.clear();
		this.#askedAt.clear();
		return asked;
	}

	/** Whether somebody has been asked, and may still answer. */
	get isAsking(): boolean {
		return this.#askedAt.size > 0;
	}

	/** Whether that one has been. */
	isAsked(nodeID: string): boolean {
		return this.#askedAt.has(nodeID);
	}

	/** Those to be asked now, each once; with them those whose turn would come soon. */
	ask(now: number): string[] {
		const silent = this.#silentFor(SILENCE, now);
		if (silent.length === 0) return silent;
		const all = this.#silentFor(SILENCE - SOON, now);
		for (const nodeID of all) this.#askedAt.set(nodeID, now);
		return all;
	}

	#silentFor(duration: number, now: number): string[] {
		const silent: string[] = [];
		for (const [nodeID, at] of this.#heardAt) {
			if (now - at >= duration && !this.#askedAt.has(nodeID)) silent.push(nodeID);
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
