import { existsSync, readFileSync } from "node:fs";
import type { Sent } from "./log.ts";

/**
 * The outcome of an event for its sender:
 * - `sent`: it has been sent;
 * - `kept`: it has been sent, or its sender keeps it, and sends it unless it ends before;
 * - `rejected`: it has not been sent;
 * - `unsure`: that is not known;
 * - `pending`: the sender ended before it heard.
 */
type Outcome = "sent" | "kept" | "rejected" | "unsure" | "pending";

export interface Attempt extends Sent {
	readonly outcome: Outcome;
	/** Which of the sender's processes it was. */
	readonly life: number;
}

/** The events that were sent, and how many were not. */
export interface Posted {
	readonly sent: readonly (readonly Sent[])[];
	/** Events of which their senders were told that they were not sent. */
	readonly rejected: number;
	/** Events of which their senders were told that this is not known: they may have been sent. */
	readonly unsure: number;
}

/** What a sender has recorded, over all its lives, in order. */
export function readAttempts(file: string): readonly Attempt[] {
	if (!existsSync(file)) return [];
	const attempts = new Map<number, Attempt>();
	for (const line of readFileSync(file, "utf8").trimEnd().split("\n")) {
		const { n, ...news } = JSON.parse(line) as { n: number } & Partial<Attempt>;
		const known = attempts.get(n) ?? { outcome: "pending" };
		attempts.set(n, { ...known, ...news, n } as Attempt);
	}
	return [...attempts.values()];
}

export function postedBy(attempts: readonly (readonly Attempt[])[]): Posted {
	const count = (which: Outcome) =>
		attempts.flat().filter(({ outcome }) => outcome === which).length;
	return {
		sent: attempts.map(list =>
			list
				.filter(({ outcome }) => outcome !== "rejected")
				.map(attempt => (isCertain(attempt, list) ? attempt : { ...attempt, optional: true }))
		),
		rejected: count("rejected"),
		unsure: count("unsure")
	};
}

/** What a sender has only kept is certain if that process lived on. */
function isCertain({ outcome, life }: Attempt, all: readonly Attempt[]): boolean {
	return outcome === "sent" || (outcome === "kept" && life === all.at(-1)?.life);
}
