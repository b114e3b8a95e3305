/** Sender of what may have been sent by nodes that nobody can tell of. */
export const UNKNOWN_SENDER = "";

/** Events, or revocations, that did not come, or may not have come. */
export interface Loss {
	/** Their sender's node, as in event ids; see {@link UNKNOWN_SENDER}. */
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

/** A line for the log. */
export function describeLoss({ origin, upTo, isEarlier }: Loss): string {
	if (origin === UNKNOWN_SENDER)
		return "SSE: this node was disconnected, and no other node can say what was sent meanwhile.";
	if (upTo === undefined)
		return `SSE: '${origin}' ended without reporting its last event: some of its events may not have arrived here.`;
	if (isEarlier)
		return `SSE: '${origin}' sent events, up to its event ${upTo}, before it knew of this gateway.`;
	return `SSE: events of '${origin}' were lost, up to its event ${upTo}.`;
}
