import type { Loss } from "../core/loss.ts";

/** Origin of what may have been sent by nodes that nobody can tell of. */
export const NOBODY = "";

/** A line for the log. */
export function describeLoss({ origin, upTo, isEarlier }: Loss): string {
	if (origin === NOBODY)
		return "SSE: this node was not connected, and no other can tell what was sent meanwhile.";
	if (upTo === undefined)
		return `SSE: '${origin}' has ended unheard: it may have sent events that did not come here.`;
	if (isEarlier)
		return `SSE: '${origin}' has sent events, up to its event ${upTo}, that did not come here: it did not know of this gateway yet.`;
	return `SSE: the bus has lost events of '${origin}', up to its event ${upTo}.`;
}
