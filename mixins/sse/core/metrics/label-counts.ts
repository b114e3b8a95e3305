import type { EventsContract } from "../event/contract.ts";

/** Plain numbers, one for each value of a label, all of which are known. */
export class LabelCounts<Value extends string = string> {
	/** By the label's value; read when metrics are reported. */
	readonly counts: Record<Value, number>;

	constructor(values: readonly Value[]) {
		// Without a prototype: an event may be called `constructor`.
		this.counts = Object.create(null);
		for (const value of values) this.counts[value] = 0;
	}

	add(value: Value, count = 1): void {
		// An application may have declared an event since.
		this.counts[value] = (this.counts[value] ?? 0) + count;
	}
}

/** The common label of all events if there is no contract that lists them. */
const ANY = "";

/** Numbers by event name if there is an event contract; otherwise a single one. */
export class EventCounts extends LabelCounts {
	readonly #isByName: boolean;

	constructor(events: EventsContract | undefined) {
		super(events === undefined ? [ANY] : Object.keys(events));
		this.#isByName = events !== undefined;
	}

	/** @param name One of the contract, if there is one. */
	override add(name: string, count = 1): void {
		super.add(this.#isByName ? name : ANY, count);
	}
}
