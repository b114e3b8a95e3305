import type { Batch } from "../http/encoding/batch.ts";
import { WAITING_BYTES } from "./backlog.ts";

/**
 * Smaller batches wait until there are this many bytes, or frames, of them: to Node, a separate write costs more than its
 * content.
 */
export const SMALL = 1024;
const ENOUGH = 4096;
const ENOUGH_FRAMES = 32;

/** Small batches that wait for each other, to be written as one. */
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

	/** Whether there are enough to be written. */
	get isEnough(): boolean {
		return this.#frames >= ENOUGH_FRAMES || (this.#batch?.byteLength ?? 0) >= ENOUGH;
	}

	/** See {@link Batch.first}. */
	get first(): number {
		return this.#batch?.first ?? 0;
	}

	/** Bytes that they take. */
	get bytes(): number {
		return (this.#batch?.byteLength ?? 0) + this.#frames * WAITING_BYTES;
	}

	add(batch: Batch): void {
		this.#frames += batch.frames().length;
		this.#batch = batch.behind(this.#batch);
	}

	/** Removes and returns all of them, as one batch. */
	take(): Batch | undefined {
		const batch = this.#batch;
		this.#batch = undefined;
		this.#frames = 0;
		return batch;
	}
}
