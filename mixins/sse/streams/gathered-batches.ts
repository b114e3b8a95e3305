import type { Batch } from "../http/encoding/batch.ts";
import { WAITING_BYTES } from "./backlog.ts";

/**
 * Batches of fewer bytes wait until there are so many of them, or so many frames: to Node, a write of its own costs
 * more than it holds.
 */
export const SMALL = 1024;
const ENOUGH = 4096;
const ENOUGH_FRAMES = 32;

/** Small batches that wait for one another, to be written as one. */
export class GatheredBatches {
	#batch: Batch | undefined;
	#frames = 0;

	get isEmpty(): boolean {
		return this.#batch === undefined;
	}

	/** Number of frames. */
	get count(): number {
		return this.#frames;
	}

	/** Whether there are as many as should be written. */
	get isEnough(): boolean {
		return this.#frames >= ENOUGH_FRAMES || (this.#batch?.byteLength ?? 0) >= ENOUGH;
	}

	/** Bytes that they take. */
	get bytes(): number {
		return (this.#batch?.byteLength ?? 0) + this.#frames * WAITING_BYTES;
	}

	add(batch: Batch): void {
		this.#frames += batch.frames().length;
		this.#batch = batch.behind(this.#batch);
	}

	/** Takes all of them out, as one. */
	take(): Batch | undefined {
		const batch = this.#batch;
		this.#batch = undefined;
		this.#frames = 0;
		return batch;
	}
}
