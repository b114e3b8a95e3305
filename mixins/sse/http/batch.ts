import type { Backlog } from "../core/backlog.ts";
import { chunkOf, type Frame } from "../core/frame.ts";
import type { Gzip, GzipPiece } from "./gzip.ts";

/** Something to be written, with the framing of HTTP/1.1 and without. */
export interface Bytes {
	readonly plain: Uint8Array;
	readonly chunked: Uint8Array;
}

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
		this.#plain ??=
			this.#before === undefined ? toBuffer(this.#frame) : Buffer.concat(this.frames());
		return this.#plain;
	}

	/** Its bytes in the framing of HTTP/1.1, for a socket. */
	get chunked(): Uint8Array {
		this.#chunked ??=
			this.#before === undefined
				? toBuffer(chunkOf(this.#frame))
				: // One chunk: what reads it has less to do than for one a frame.
					chunked(this.frames());
		return this.#chunked;
	}

	/** Its frames as a piece of a gzip body. */
	gzipped(gzip: Gzip): GzipPiece {
		this.#gzipped ??=
			this.#before === undefined ? gzip.piece(this.#frame) : gzip.join(this.frames());
		return this.#gzipped;
	}

	/** Has its frames wait in their order. */
	pushTo(backlog: Backlog, withKeys: boolean): void {
		for (const { frame, key } of this.#chain()) backlog.push(frame, withKeys ? key : undefined);
	}

	/** Its frames in their order. */
	frames(): Frame[] {
		return this.#chain().map(({ frame }) => frame);
	}

	/** The batches that it consists of, from the first on. Not by recursion: they may be thousands. */
	#chain(): { frame: Frame; key: string | undefined }[] {
		const chain: { frame: Frame; key: string | undefined }[] = [];
		for (let batch: Batch | undefined = this; batch !== undefined; batch = batch.#before) {
			chain.push({ frame: batch.#frame, key: batch.#key });
		}
		return chain.reverse();
	}
}

/** Bytes as one chunk of HTTP/1.1 (RFC 9112, 7.1). */
export function chunked(parts: readonly Uint8Array[]): Uint8Array {
	const size = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
	const head = Buffer.from(`${size.toString(16)}\r\n`);
	return Buffer.concat([head, ...parts, LINE_END], head.byteLength + size + LINE_END.byteLength);
}

const LINE_END = Buffer.from("\r\n");

/** Node's streams make a Buffer of anything else, for each stream anew. */
function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
	return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
