/** Events that did not come, or may not have come. */
export interface Loss {
	readonly origin: string;
	/** The last of them; undefined if that is not known: its origin's life has ended unheard. */
	readonly upTo?: number;
	/** By when all of them had been sent, on the clock of `now`. */
	readonly before: number;
	/** They were sent before this gateway was heard of. */
	readonly isEarlier: boolean;
	/** Of a life that has ended: something of it is known to be missing, and not only possible. Default false. */
	readonly isKnown?: boolean;
}

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
