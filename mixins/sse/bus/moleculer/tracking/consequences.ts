import type { Loss } from "../../loss.ts";

/** What follows from what arrives. */
export interface Consequences<T> {
	/** An event's turn has come. */
	handOn(item: T): void;
	/** Called before the events behind the loss are handed on. */
	lost(loss: Loss): void;
	/** An event was handed on, and that failed: it is lost. */
	failed(error: unknown): void;
	/** A life of an origin has taken another one's place, by what has come of it: it may be a former one, and late. */
	replaced?(origin: string): void;
}
