import { setTimeout as sleep } from "node:timers/promises";

/** Bytes that this process holds. */
export interface Held {
	/** Of objects. */
	readonly heap: number;
	/** Of ArrayBuffers. */
	readonly buffers: number;
	readonly all: number;
}

/**
 * What is still held once nothing unused is: V8 frees buffers a while after the collection that found them unused,
 * so that one reading may be megabytes too high; the least of some is right.
 */
export async function held(): Promise<Held> {
	if (globalThis.gc === undefined) throw new Error("needs --expose-gc");
	let heap = Number.POSITIVE_INFINITY;
	let buffers = Number.POSITIVE_INFINITY;
	for (let n = 0; n < 5; n++) {
		globalThis.gc();
		await sleep(20);
		const { heapUsed, arrayBuffers } = process.memoryUsage();
		heap = Math.min(heap, heapUsed);
		buffers = Math.min(buffers, arrayBuffers);
	}
	return { heap, buffers, all: heap + buffers };
}
