/** What a scenario is judged by: what its senders sent, and what happened to its clients. */

/** Carried by every event of a scenario: who sent it, and its number among that sender's. */
export interface Mark {
	readonly from: string;
	readonly n: number;
}

/** One event as its sender remembers it. Times are milliseconds of one clock, which is also the clients'. */
export interface Sent extends Mark {
	readonly at: number;
	/** A session, or `"*"`. */
	readonly sessionId: string;
	/** Its sender does not know what became of it, or ended before it heard: it may be missing, and no client has to be told. */
	readonly optional?: boolean;
}

/** What happened to a client, over all its streams, in order. */
export type Entry =
	| {
			readonly kind: "opened";
			readonly at: number;
			/** When its client asked for the stream, which may have been open from then on. */
			readonly askedAt?: number;
			readonly resumed: boolean;
	  }
	| {
			readonly kind: "event";
			readonly at: number;
			readonly id: string | undefined;
			readonly data: unknown;
	  }
	| { readonly kind: "reset"; readonly at: number; readonly reason: string }
	| { readonly kind: "closed"; readonly at: number };

export interface Log {
	readonly sessionId: string;
	readonly entries: readonly Entry[];
}
