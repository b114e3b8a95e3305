import { Queue } from "../core/collections/queue.ts";
import type { Frame } from "../core/event/frame.ts";
import { GatewayCounters } from "../core/metrics/counters.ts";
import { type DeliveryTimes, NO_DELIVERY_TIMES } from "../core/metrics/delivery-times.ts";
import { Batch } from "../http/encoding/batch.ts";

/** What has something to write at the end of a turn of the event loop. */
export interface Flushable {
	flush(): void;
}

/** Milliseconds of writing after which the event loop gets a turn, and the streams between two looks. */
const SLICE_TIME = 10;
const SLICE_STREAMS = 32;

/**
 * The writes of one gateway. What streams get in one turn of the event loop is written at its end, with
 * one call a stream, so that events which arrive together leave together; there is no timer to wait
 * for. A turn's writes that take longer than a slice go on in the turns after it, in their order, with
 * everything else that the process does in between.
 */
export class Flush {
	/** What is counted of the gateway's streams: all of them share these writes, and none has to hold it. */
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
	first(frame: Frame, key?: string): Batch {
		if (!this.#first?.isOnly(frame)) this.#first = new Batch(frame, key);
		return this.#first;
	}

	/** Has a stream flushed at the end of this turn, or behind those that wait already. */
	add(stream: Flushable): void {
		this.#queue.push(stream);
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		setImmediate(this.#write);
	}

	readonly #write = (): void => {
		const deadline = performance.now() + SLICE_TIME;
		// Batches are let go of with the turn.
		this.#first = undefined;
		try {
			do {
				for (let n = 0; n < SLICE_STREAMS; n++) this.#queue.shift()?.flush();
			} while (this.#queue.length > 0 && performance.now() < deadline);
		} finally {
			// Whatever one stream does, the others go on.
			this.#isScheduled = this.#queue.length > 0;
			if (this.#isScheduled) setImmediate(this.#write);
			else this.#deliveryTimes.end();
		}
	};
}
