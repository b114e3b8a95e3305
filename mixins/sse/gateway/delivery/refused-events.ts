import { setNewest } from "../../core/collections/set-newest.ts";

/** Number of ids that are remembered. */
const MAX = 500;
/** Characters of an id and of a reason. */
const LONGEST = 300;

/** The most recent events that arrived and that the gateway refused, by id. */
export class RefusedEvents {
	readonly #reasons = new Map<string, string>();

	/** @param id May be anything: a refused event need not have an id. */
	add(id: unknown, reason: string): void {
		if (typeof id !== "string" || id.length > LONGEST) return;
		setNewest(this.#reasons, id, reason.slice(0, LONGEST), MAX);
	}

	/** Why an event was refused; undefined if it was not refused, or no longer remembered. */
	reasonFor(id: string): string | undefined {
		return this.#reasons.get(id);
	}
}
