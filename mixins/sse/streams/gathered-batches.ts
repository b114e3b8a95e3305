import type { Batch } from "../http/encoding/batch.ts";
import type { Transport } from "../http/transport.ts";
import { WAITING_BYTES } from "./backlog.ts";
import type { PacedWrites } from "./paced-writes.ts";

/**
 * Smaller batches wait until there are this many bytes, or frames, of them: to Node, a separate write costs more than its
 * content.
 */
const SMALL = 1024;
const ENOUGH = 4096;
const ENOUGH_FRAMES = 32;

/** Small batches that wait for each other, and for the client, to be written as one. */
export class GatheredBatches {
	readonly #transport: Transport;
	readonly #writes: PacedWrites;
	readonly #onDrain: () => void;
	#batch: Batch | undefined;
	#frames = 0;

	/** @param onDrain Called when the client has taken what was written before; it must call {@link write}. */
	constructor(transport: Transport, writes: PacedWrites, onDrain: () => void) {
		this.#transport = transport;
		this.#writes = writes;
		this.#onDrain = onDrain;
	}

	get isEmpty(): boolean {
		return this.#batch === undefined;
	}

	/** Number of frames. */
	get count(): number {
		return this.#frames;
	}

	/** See {@link Batch.first}. */
	get first(): number {
		return this.#batch?.first ?? 0;
	}

	/** Bytes that they take. */
	get bytes(): number {
		return (this.#batch?.byteLength ?? 0) + this.#frames * WAITING_BYTES;
	}

	/** Adds a batch. All are written at once if that makes enough of them, or if this one is not small. */
	add(batch: Batch): void {
		if (batch.byteLength >= SMALL) {
			this.write();
			this.#writes.write(batch);
			return;
		}
		if (this.isEmpty) this.#transport.onDrain(this.#onDrain);
		this.#frames += batch.frames().length;
		this.#batch = batch.behind(this.#batch);
		if (this.#frames >= ENOUGH_FRAMES || this.#batch.byteLength >= ENOUGH) this.write();
	}

	/** Writes all of them. */
	write(): void {
		const batch = this.#batch;
		if (batch === undefined) return;
		this.drop();
		this.#writes.write(batch);
	}

	/** Forgets all of them. */
	drop(): void {
		this.#batch = undefined;
		this.#frames = 0;
	}
}
