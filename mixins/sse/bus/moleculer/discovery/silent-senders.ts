/**
 * Milliseconds of silence after which a sender is asked. Senders that have sent something report every few seconds, those of earlier
 * versions at least once a minute.
 */
const SILENCE = 70_000;
/** Milliseconds by which others are asked early, together with it: while a sender is asked, no ids are given. */
const SOON = 20_000;
/** Milliseconds within which a sender must answer. */
const PATIENCE = 5000;

/** Notices senders that are present but silent: the path from them to this gateway may be broken. */
export class SilentSenders {
	/** `performance.now()` at which each one was last heard. */
	readonly #heardAt = new Map<string, number>();
	/** `performance.now()` at which each one was asked because of its silence. */
	readonly #askedAt = new Map<string, number>();

	heard(nodeID: string, now: number): void {
		this.#heardAt.set(nodeID, now);
		this.#askedAt.delete(nodeID);
	}

	left(nodeID: string): void {
		this.#heardAt.delete(nodeID);
		this.#askedAt.delete(nodeID);
	}

	/** Forgets all senders. @returns Those that were asked, and had not answered. */
	clear(): string[] {
		const asked = [...this.#askedAt.keys()];
		this.#heardAt.clear();
		this.#askedAt.clear();
		return asked;
	}

	/** Whether a sender was asked, and may still answer. */
	get isAsking(): boolean {
		return this.#askedAt.size > 0;
	}

	/** Whether this sender was. */
	isAsked(nodeID: string): boolean {
		return this.#askedAt.has(nodeID);
	}

	/** Senders to ask now, each once, together with those that are due soon. */
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

	/** Senders that were asked, and did not answer in time; they are forgotten until they are heard again. */
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
