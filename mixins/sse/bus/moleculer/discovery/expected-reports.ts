import { NEXT_REPORT } from "../position-report.ts";

/** Milliseconds by which a report may be late: its sender may be busy, and packets take their time. */
const LATE = 3000;
/**
 * Milliseconds of silence of a sender after which something of it may be missing. Whatever this gateway has missed of it, it knows, or
 * suspects, by then.
 */
export const OVERDUE: number = NEXT_REPORT + LATE;

/**
 * Notices that a sender, by its name in event ids, does not report though it should: the path from it to this gateway may be
 * broken, so that what it has sent is missing.
 */
export class ExpectedReports {
	/** `performance.now()` at which each sender last reported, in that order. */
	readonly #heardAt = new Map<string, number>();
	/** The first of these; Infinity if there are none. It is read for each event. */
	#longestAgo = Number.POSITIVE_INFINITY;

	/** A sender has reported. @param next Milliseconds within which it says that it reports again; 0 if it does not say. */
	heard(origin: string, next: number, now: number): void {
		this.#heardAt.delete(origin);
		if (next > 0 && next <= NEXT_REPORT) this.#heardAt.set(origin, now);
		this.#look();
	}

	/** Whether a sender is expected to report. */
	has(origin: string): boolean {
		return this.#heardAt.has(origin);
	}

	/** A node has left, or another process of it has come. */
	left(origin: string): void {
		this.#heardAt.delete(origin);
		this.#look();
	}

	/** Forgets all senders. */
	clear(): void {
		this.#heardAt.clear();
		this.#look();
	}

	/** Whether a report of any sender is missing. */
	areOverdue(now: number): boolean {
		return now - this.#longestAgo > OVERDUE;
	}

	#look(): void {
		this.#longestAgo = this.#heardAt.values().next().value ?? Number.POSITIVE_INFINITY;
	}
}
