import { type Chunked, chunkOf, inOwnBuffer, joinChunked } from "../../core/event/chunk.ts";
import type { Frame } from "../../core/event/frame.ts";
import { Slab } from "../../core/event/slab.ts";
import { type Bytes, toBuffer } from "./bytes.ts";
import type { Gzip, GzipPiece } from "./gzip.ts";

/** Where frames wait. */
export interface FrameSink {
	/**
	 * @param key Frames with the same key replace each other; a frame without one stays.
	 * @param position Position of the frame's event in the history; 0 = not an event.
	 */
	push(frame: Frame, key: string | undefined, position: number): void;
}

/** Joined frames are written at once and not kept. */
const JOINED = new Slab();

/**
 * What a stream gets in one turn of the event loop: frames in order, the last one in this object, and the others in the batches
 * before it. Streams that got the same frames share a batch, whose bytes are joined once for all of them.
 */
export class Batch implements Bytes {
	/** Of all its frames. */
	readonly byteLength: number;
	/** Position in the history of its first event; 0 = it has only the gateway's own frames. */
	readonly first: number;
	readonly #frame: Frame;
	/** The same, of its last frame alone. */
	readonly #position: number;
	/** See Backlog. */
	readonly #key: string | undefined;
	readonly #before: Batch | undefined;
	/** This batch and the frame that its streams got next: an event goes to all of them before the next one does. */
	#next: Batch | undefined;
	/** Its last frame in memory that may be held. */
	#kept: Frame | undefined;
	/** All its frames in one piece. */
	#joined: Chunked | undefined;
	#plain: Uint8Array | undefined;
	#chunked: Uint8Array | undefined;
	#gzipped: GzipPiece | undefined;

	constructor(frame: Frame, key?: string, before?: Batch, position = 0) {
		this.#frame = frame;
		this.#key = key;
		this.#before = before;
		this.#position = position;
		this.first = before === undefined || before.first === 0 ? position : before.first;
		this.byteLength = frame.byteLength + (before?.byteLength ?? 0);
	}

	/**
	 * A batch of these frames, of which there must be at least one.
	 *
	 * @param first See {@link Batch.first}.
	 */
	static of(frames: readonly Frame[], first = 0): Batch {
		let batch: Batch | undefined;
		for (const frame of frames) batch = new Batch(frame, undefined, batch, first);
		return batch as Batch;
	}

	/** This batch and one more frame. */
	and(frame: Frame, key?: string, position = 0): Batch {
		if (this.#next === undefined || this.#next.#frame !== frame) {
			this.#next = new Batch(frame, key, this, position);
		}
		return this.#next;
	}

	/** Whether this frame is all that it contains. */
	isOnly(frame: Frame): boolean {
		return this.#frame === frame && this.#before === undefined;
	}

	/** Its bytes. */
	get plain(): Uint8Array {
		this.#plain ??= toBuffer(this.#bytes);
		return this.#plain;
	}

	/** Its bytes in the framing of HTTP/1.1, for a socket: one chunk, which is read faster than one per frame. */
	get chunked(): Uint8Array {
		this.#chunked ??= toBuffer(chunkOf(this.#bytes));
		return this.#chunked;
	}

	get #bytes(): Chunked {
		this.#joined ??= this.#before === undefined ? this.#frame : JOINED.join(this.frames());
		return this.#joined;
	}

	/**
	 * The same batch for a stream that is behind: what waits there must not keep alive the slab that it is in. The copy is made
	 * once for all such streams.
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

	/** Adds its frames to a backlog, in order. */
	pushTo(backlog: FrameSink, withKeys: boolean): void {
		for (const link of this.#links()) {
			backlog.push(link.#keptFrame, withKeys ? link.#key : undefined, link.#position);
		}
	}

	/** Its frames after those of another batch, where both may wait. */
	behind(before: Batch | undefined): Batch {
		let batch = before;
		for (const link of this.#links()) {
			batch = new Batch(link.#keptFrame, undefined, batch, link.#position);
		}
		return batch as Batch;
	}

	/** Number of its frames. */
	get count(): number {
		let count = 0;
		for (let batch: Batch | undefined = this; batch !== undefined; batch = batch.#before) count++;
		return count;
	}

	/** Its frames in order. */
	frames(): Frame[] {
		return this.#links().map(link => link.#frame);
	}

	/** The batches that it consists of, in order. Not recursive, because there may be thousands. */
	#links(): Batch[] {
		const links: Batch[] = [];
		for (let batch: Batch | undefined = this; batch !== undefined; batch = batch.#before) {
			links.push(batch);
		}
		return links.reverse();
	}
}
