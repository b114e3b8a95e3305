import { setTimeout as sleep } from "node:timers/promises";

/** Bytes that this process holds. */
export interface Held {
	/** Of objects. */
	readonly heap: number;
	/** Of ArrayBuffers. */
	readonly buffers: number;
	readonly all: number;
}

/** Consecutive readings none of which is lower, except by so many bytes. */
const CALM = 5;
const NOISE = 2 ** 14;
/** Most readings: a value that keeps falling is used as it is. */
const MOST = 50;

/**
 * What is still held once nothing unused is: V8 frees buffers a while after the collection that found them unused, and the
 * realm of a file whose tests ran before takes several collections. So one reading may be megabytes too high, and the least of
 * several is right.
 */
export async function held(): Promise<Held> {
	if (globalThis.gc === undefined) throw new Error("needs --expose-gc");
	let heap = Number.POSITIVE_INFINITY;
	let buffers = Number.POSITIVE_INFINITY;
	for (let calm = 0, n = 0; calm < CALM && n < MOST; calm++, n++) {
		globalThis.gc();
		await sleep(20);
		const { heapUsed, arrayBuffers } = process.memoryUsage();
		if (heapUsed < heap - NOISE || arrayBuffers < buffers - NOISE) calm = 0;
		heap = Math.min(heap, heapUsed);
		buffers = Math.min(buffers, arrayBuffers);
	}
	return { heap, buffers, all: heap + buffers };
}
