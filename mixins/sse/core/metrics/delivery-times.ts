import type { Histogram } from "./histogram.ts";

/** Times from the sending of events until they are written. */
export interface DeliveryTimes {
	/**
	 * An event is about to be written.
	 *
	 * @param sentAt Milliseconds since 1970, by its sender's clock; undefined if it is not known.
	 */
	begin(sentAt: number | undefined): void;
	/** All of them are written. */
	end(): void;
}

/** Used if nobody reads metrics. */
export const NO_DELIVERY_TIMES: DeliveryTimes = { begin() {}, end() {} };

/** Most events whose time is taken at once; beyond that it is not. */
const MOST = 1000;

/** One clock reading for all events that are written in one turn of the event loop. */
export class CountedDeliveryTimes implements DeliveryTimes {
	readonly #counts: Histogram;
	readonly #begun: number[] = [];

	constructor(counts: Histogram) {
		this.#counts = counts;
	}

	begin(sentAt: number | undefined): void {
		if (sentAt !== undefined && this.#begun.length < MOST) this.#begun.push(sentAt);
	}

	end(): void {
		if (this.#begun.length === 0) return;
		const now = Date.now();
		for (const sentAt of this.#begun) this.#counts.observe(now - sentAt);
		this.#begun.length = 0;
	}
}
