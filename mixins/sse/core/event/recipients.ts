import { type Refusal, refuse } from "../errors/refusal.ts";
import type { Address } from "./event.ts";

/**
 * The refusal of an event that is addressed to too many session ids: each gateway keeps an entry for each of them in its history,
 * and one event could take the place of all others.
 *
 * @param most Most ids that it may have; 0 = no limit.
 */
export function refuseCrowd({ sessionId }: Address, most: number): Refusal | undefined {
	if (most === 0 || typeof sessionId === "string" || sessionId.length <= most) return undefined;
	const message =
		`"sessionId" has ${sessionId.length} session ids, more than ${most} (limits.recipientsPerEvent): send to one id that ` +
		"these sessions share, such as a group's, or in parts.";
	return refuse("sessionId", message, "oversized");
}
