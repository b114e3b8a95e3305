import { constants, crc32, deflateRawSync } from "node:zlib";
import { type Chunked, chunkOf, joinChunked } from "../../core/event/chunk.ts";
import type { Frame } from "../../core/event/frame.ts";
import type { GatewayCounters } from "../../core/metrics/counters.ts";
import { type Bytes, toBuffer } from "./bytes.ts";
import { combineCrc32, shiftBy } from "./crc32.ts";

/** RFC 1951, 3.2.4: most bytes of a block that is stored uncompressed. */
const MOST_STORED = 65_535;
/** Bytes of deflated frames that are remembered for streams that get the same ones later, in a replay. */
const REMEMBERED = 4_194_304;
/** Bytes that remembering one takes besides its content. */
const PIECE_BYTES = 800;

/** Used if nobody counts. */
const NOBODY: Pick<GatewayCounters, "saved"> = { saved() {} };

/** A piece of a gzip body: its deflated bytes, and its share of the checksum. */
export class GzipPiece implements Bytes {
	readonly crc: number;
	/** Bytes before compression. */
	readonly size: number;
	/** See {@link shiftBy}. */
	readonly shift: number;
	readonly #deflated: Chunked;
	#plain: Uint8Array | undefined;
	#chunked: Uint8Array | undefined;

	/** @param deflated Is copied: zlib returns small parts of its own buffers, which the piece would keep alive. */
	constructor(deflated: readonly Uint8Array[], crc: number, size: number) {
		this.#deflated = joinChunked(deflated);
		this.crc = crc;
		this.size = size;
		this.shift = shiftBy(size);
	}

	/** Bytes after compression. */
	get byteLength(): number {
		return this.#deflated.byteLength;
	}

	/** Bytes that remembering it takes. */
	get cost(): number {
		return this.#deflated.buffer.byteLength + PIECE_BYTES;
	}

	get plain(): Uint8Array {
		this.#plain ??= toBuffer(this.#deflated);
		return this.#plain;
	}

	get chunked(): Uint8Array {
		this.#chunked ??= toBuffer(chunkOf(this.#deflated));
		return this.#chunked;
	}
}

/**
 * The compression of one gateway. Each frame is deflated once for all streams, alone and ended with a full flush, so that it
 * can follow whatever a stream got before. What one event contains can never be inferred from how well another compresses.
 */
export class Gzip {
	/** Frames with fewer bytes are stored uncompressed. */
	readonly #threshold: number;
	readonly #counters: Pick<GatewayCounters, "saved">;
	/** Two generations: when the younger is full, the older is forgotten. */
	#young = new Pieces();
	#old = new Pieces();
	#bytes = 0;

	constructor(threshold: number, counters: Pick<GatewayCounters, "saved"> = NOBODY) {
		this.#threshold = threshold;
		this.#counters = counters;
	}

	/** A piece is written to a stream. */
	written({ size, byteLength }: GzipPiece): void {
		this.#counters.saved(size - byteLength);
	}

	/** A frame as a piece of any stream's body. */
	piece(frame: Frame): GzipPiece {
		const known = this.#young.get(frame) ?? this.#old.get(frame);
		if (known !== undefined) return known;
		const deflated = frame.byteLength < this.#threshold ? store(frame) : deflate(frame);
		const piece = new GzipPiece(deflated, crc32(frame), frame.byteLength);
		this.#bytes += piece.cost;
		if (this.#bytes > REMEMBERED / 2) {
			this.#old = this.#young;
			this.#young = new Pieces();
			this.#bytes = 0;
		}
		this.#young.set(frame, piece);
		return piece;
	}

	/** Several frames as one piece. */
	join(frames: readonly Frame[]): GzipPiece {
		const pieces = frames.map(frame => this.piece(frame));
		let crc = 0;
		let size = 0;
		for (const piece of pieces) {
			crc = combineCrc32(crc, piece.crc, piece.shift);
			size += piece.size;
		}
		return new GzipPiece(
			pieces.map(({ plain }) => plain),
			crc,
			size
		);
	}
}

/**
 * Deflated frames by buffer and offset, because a replay reads the same bytes through another object. Held weakly: a frame that
 * is gone is never asked for, and a key would keep its slab alive.
 */
class Pieces {
	readonly #byBuffer = new WeakMap<ArrayBufferLike, Map<number, GzipPiece>>();

	get({ buffer, byteOffset }: Frame): GzipPiece | undefined {
		return this.#byBuffer.get(buffer)?.get(byteOffset);
	}

	set({ buffer, byteOffset }: Frame, piece: GzipPiece): void {
		let byOffset = this.#byBuffer.get(buffer);
		if (byOffset === undefined) {
			byOffset = new Map();
			this.#byBuffer.set(buffer, byOffset);
		}
		byOffset.set(byteOffset, piece);
	}
}

/** Small windows are set up faster, and they hold all of a small frame. */
const SMALL = 8192;
const SMALL_WINDOW = { windowBits: 13, memLevel: 6 };

function deflate(frame: Frame): Uint8Array[] {
	const options = {
		finishFlush: constants.Z_FULL_FLUSH,
		...(frame.byteLength <= SMALL && SMALL_WINDOW)
	};
	return [deflateRawSync(frame, options)];
}

function store(frame: Frame): Uint8Array[] {
	const blocks: Uint8Array[] = [];
	for (let at = 0; at < frame.byteLength; at += MOST_STORED) {
		const text = frame.subarray(at, at + MOST_STORED);
		const head = Buffer.alloc(5);
		head.writeUInt16LE(text.byteLength, 1);
		head.writeUInt16LE(~text.byteLength & 0xffff, 3);
		blocks.push(head, text);
	}
	return blocks;
}
