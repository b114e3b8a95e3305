import { Queue } from "../core/collections/queue.ts";
import type { Frame } from "../core/event/frame.ts";
import { GatewayCounters } from "../core/metrics/counters.ts";
import { type DeliveryTimes, NO_DELIVERY_TIMES } from "../core/metrics/delivery-times.ts";
import { Batch } from "../http/encoding/batch.ts";

/** Has something to write at the end of a turn of the event loop. */
export interface Flushable {
	flush(): void;
}

/** Milliseconds of writing after which the event loop gets a turn, and the streams between two checks of that. */
const SLICE_TIME = 10;
const SLICE_STREAMS = 32;

/**
 * The writes of one gateway. What streams get in one turn of the event loop is written at its end, in one call per stream, so
 * that events that arrive together are sent together, without waiting for a timer. Writes that take longer than a slice
 * continue in the following turns, in order, with everything else that the process does in between.
 */
export class Flush {
	/** The counters of the gateway's streams: all of them share these writes, so that none has to keep them. */
	readonly counters: GatewayCounters;
	readonly #deliveryTimes: DeliveryTimes;
	readonly #queue = new Queue<Flushable>();
	#isScheduled = false;
	#first: Batch | undefined;

	constructor(
		counters: GatewayCounters = new GatewayCounters(),
		deliveryTimes: DeliveryTimes = NO_DELIVERY_TIMES
	) {
		this.counters = counters;
		this.#deliveryTimes = deliveryTimes;
	}

	/** The batch of a stream that has got nothing yet in this turn. */
	first(frame: Frame, key?: string, position = 0): Batch {
		if (!this.#first?.isOnly(frame)) this.#first = new Batch(frame, key, undefined, position);
		return this.#first;
	}

	/** Has a stream flushed at the end of this turn, or after those that wait already. */
	add(stream: Flushable): void {
		this.#queue.push(stream);
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		setImmediate(this.#write);
	}

	readonly #write = (): void => {
		const deadline = performance.now() + SLICE_TIME;
		// Batches are released with the turn.
		this.#first = undefined;
		try {
			do {
				for (let n = 0; n < SLICE_STREAMS; n++) this.#queue.shift()?.flush();
			} while (this.#queue.length > 0 && performance.now() < deadline);
		} finally {
			// Whatever one stream does, the others are flushed.
			this.#isScheduled = this.#queue.length > 0;
			if (this.#isScheduled) setImmediate(this.#write);
			else this.#deliveryTimes.end();
		}
	};
}
