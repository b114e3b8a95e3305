import { type Chunked, chunkOf, inOwnBuffer, joinChunked } from "../../core/event/chunk.ts";
import type { Frame } from "../../core/event/frame.ts";
import { Slab } from "../../core/event/slab.ts";
import { type Bytes, toBuffer } from "./bytes.ts";
import type { Gzip, GzipPiece } from "./gzip.ts";

/** Where frames wait. */
export interface FrameSink {
	/** @param key Frames of one key replace each other; without one a frame is for itself. */
	push(frame: Frame, key: string | undefined): void;
}

/** What is joined is written, and done with. */
const JOINED = new Slab();

/**
 * What a stream gets in one turn of the event loop: frames in their order, the last of which stands
 * here, and the others in the batches before. Streams that got the same frames hold the same batch,
 * whose bytes are joined once for all of them.
 */
export class Batch implements Bytes {
	/** Of all its frames. */
	readonly byteLength: number;
	readonly #frame: Frame;
	/** See Backlog. */
	readonly #key: string | undefined;
	readonly #before: Batch | undefined;
	/** What streams that hold this batch got next: one event at a time goes to all of its streams. */
	#next: Batch | undefined;
	/** Its last frame, where it may wait. */
	#kept: Frame | undefined;
	/** All its frames as one. */
	#joined: Chunked | undefined;
	#plain: Uint8Array | undefined;
	#chunked: Uint8Array | undefined;
	#gzipped: GzipPiece | undefined;

	constructor(frame: Frame, key?: string, before?: Batch) {
		this.#frame = frame;
		this.#key = key;
		this.#before = before;
		this.byteLength = frame.byteLength + (before?.byteLength ?? 0);
	}

	/** A batch of these frames, one at least. */
	static of(frames: readonly Frame[]): Batch {
		let batch: Batch | undefined;
		for (const frame of frames) batch = new Batch(frame, undefined, batch);
		return batch as Batch;
	}

	/** This batch and one frame more. */
	and(frame: Frame, key?: string): Batch {
		if (this.#next === undefined || this.#next.#frame !== frame) {
			this.#next = new Batch(frame, key, this);
		}
		return this.#next;
	}

	/** Whether the frame is all that it holds. */
	isOnly(frame: Frame): boolean {
		return this.#frame === frame && this.#before === undefined;
	}

	/** Its bytes. */
	get plain(): Uint8Array {
		this.#plain ??= toBuffer(this.#bytes);
		return this.#plain;
	}

	/** Its bytes in the framing of HTTP/1.1, for a socket: one chunk, which is read faster than one a frame. */
	get chunked(): Uint8Array {
		this.#chunked ??= toBuffer(chunkOf(this.#bytes));
		return this.#chunked;
	}

	get #bytes(): Chunked {
		this.#joined ??= this.#before === undefined ? this.#frame : JOINED.join(this.frames());
		return this.#joined;
	}

	/**
	 * The same, for a stream that is behind: what waits there must not hold the slab in which it stands. The copy
	 * is made once for all such streams.
	 */
	toWait(): this {
		const joined = this.#before === undefined ? this.#keptFrame : this.#joinedToWait;
		if (joined !== this.#joined) {
			this.#joined = joined;
			this.#plain = undefined;
			this.#chunked = undefined;
		}
		return this;
	}

	get #joinedToWait(): Chunked {
		return this.#joined === undefined ? joinChunked(this.frames()) : inOwnBuffer(this.#joined);
	}

	get #keptFrame(): Frame {
		this.#kept ??= inOwnBuffer(this.#frame);
		return this.#kept;
	}

	/** Its frames as a piece of a gzip body. */
	gzipped(gzip: Gzip): GzipPiece {
		this.#gzipped ??=
			this.#before === undefined ? gzip.piece(this.#frame) : gzip.join(this.frames());
		return this.#gzipped;
	}

	/** Has its frames wait in their order. */
	pushTo(backlog: FrameSink, withKeys: boolean): void {
		for (const link of this.#links()) {
			backlog.push(link.#keptFrame, withKeys ? link.#key : undefined);
		}
	}

	/** Its frames behind those of another batch, where both may wait. */
	behind(before: Batch | undefined): Batch {
		let batch = before;
		for (const link of this.#links()) batch = new Batch(link.#keptFrame, undefined, batch);
		return batch as Batch;
	}

	/** Its frames in their order. */
	frames(): Frame[] {
		return this.#links().map(link => link.#frame);
	}

	/** The batches that it consists of, from the first on. Not by recursion: they may be thousands. */
	#links(): Batch[] {
		const links: Batch[] = [];
		for (let batch: Batch | undefined = this; batch !== undefined; batch = batch.#before) {
			links.push(batch);
		}
		return links.reverse();
	}
}
