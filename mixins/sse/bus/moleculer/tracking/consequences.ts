import type { Loss } from "../../loss.ts";

/** What follows from what arrives, or does not. */
export interface Consequences<T> {
	/** Everything takes effect on arrival, whatever is missing before it, and even if its life is over. Default false. */
	readonly isUnordered?: boolean;
	/** An event's turn has come. */
	handOn(item: T): void;
	/**
	 * Called before the events after the loss are passed on. @returns `false` if the loss does not count, and nobody is told.
	 */
	lost(loss: Loss): unknown;
	/** Passing on an event threw an error: the event is lost. */
	failed(error: unknown): void;
	/** An arrival shows an origin in another life than before; it may also be a late one of a former life. */
	replaced?(origin: string): void;
}
