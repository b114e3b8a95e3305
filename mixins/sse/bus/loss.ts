/** Stands for the senders that no node can tell of. */
export const UNKNOWN_SENDER = "";

/** Events, or revocations, that did not arrive, or may not have arrived. */
export interface Loss {
	/** Node of their sender, as in event ids; see {@link UNKNOWN_SENDER}. */
	readonly origin: string;
	/** The last of them; undefined if it is not known, because its origin's life has ended unheard. */
	readonly upTo?: number;
	/** Time by which all of them had been sent, as `performance.now()`. */
	readonly before: number;
	/** Whether they were sent before their sender knew of this gateway. */
	readonly isEarlier: boolean;
	/** Whether any gateway that has missed them gives no ids by the lookback after `before`. Default false. */
	readonly isSoonSuspected?: boolean;
	/** For a life that has ended: whether something of it is known to be missing, and not only possibly. Default false. */
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
