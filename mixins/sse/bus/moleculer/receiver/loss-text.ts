import type { Loss } from "../tracking/loss.ts";

/** Origin of what may have been sent by nodes that nobody can tell of. */
export const UNKNOWN_SENDER = "";

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
