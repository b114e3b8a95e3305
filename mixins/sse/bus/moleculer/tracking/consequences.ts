import type { Loss } from "../../loss.ts";

/** What follows from what arrives. */
export interface Consequences<T> {
	/** What comes is carried out at once, whatever is missing before it, also if its life is over. Default false. */
	readonly isUnordered?: boolean;
	/** An event's turn has come. */
	handOn(item: T): void;
	/** Called before the events behind the loss are handed on. @returns `false` if it does not count: nobody is told then. */
	lost(loss: Loss): unknown;
	/** An event was handed on, and that failed: it is lost. */
	failed(error: unknown): void;
	/** A life of an origin has taken another one's place, by what has come of it: it may be a former one, and late. */
	replaced?(origin: string): void;
}
