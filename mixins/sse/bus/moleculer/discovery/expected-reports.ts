import { NEXT_REPORT } from "../position-report.ts";

/** Milliseconds by which a report may be late: its sender may be busy, and packets take their time. */
const LATE = 3000;
/**
 * Milliseconds of silence of a sender after which something of it may be missing. Whatever this gateway has missed of it, it knows, or
 * suspects, by then.
 */
export const OVERDUE: number = NEXT_REPORT + LATE;

/** Both by `performance.now()`. */
interface Expected {
	/** Its first report from which on each has said when the next one follows. */
	readonly since: number;
	/** Its last report. */
	readonly heardAt: number;
}

/**
 * Notices that a sender, by its name in event ids, does not report though it should: the path from it to this gateway may be
 * broken, so that what it has sent is missing.
 */
export class ExpectedReports {
	/** The senders that are expected to report, in the order of their last reports. */
	readonly #expected = new Map<string, Expected>();
	/** When the first of these last reported; Infinity if there are none. It is read for each event. */
	#longestAgo = Number.POSITIVE_INFINITY;

	/** A sender has reported. @param next Milliseconds within which it says that it reports again; 0 if it does not say. */
	heard(origin: string, next: number, now: number): void {
		const since = this.since(origin);
		this.#expected.delete(origin);
		if (next > 0 && next <= NEXT_REPORT)
			this.#expected.set(origin, { since: Math.min(since, now), heardAt: now });
		this.#look();
	}

	/** `performance.now()` since which a sender's silence has been noticed; Infinity if it is not expected to report. */
	since(origin: string): number {
		return this.#expected.get(origin)?.since ?? Number.POSITIVE_INFINITY;
	}

	/** A node has left, or another process of it has come. */
	left(origin: string): void {
		this.#expected.delete(origin);
		this.#look();
	}

	/** Forgets all senders. */
	clear(): void {
		this.#expected.clear();
		this.#look();
	}

	/** Whether a report of any sender is missing. */
	areOverdue(now: number): boolean {
		return now - this.#longestAgo > OVERDUE;
	}

	#look(): void {
		this.#longestAgo = this.#expected.values().next().value?.heardAt ?? Number.POSITIVE_INFINITY;
	}
}
