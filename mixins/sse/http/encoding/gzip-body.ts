import { chunkOf, joinChunked } from "../../core/event/chunk.ts";
import type { Batch } from "./batch.ts";
import type { Bytes } from "./bytes.ts";
import { combineCrc32 } from "./crc32.ts";
import type { Gzip } from "./gzip.ts";

/** RFC 1952, 2.3: deflate, nothing about a file, no time, an unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/** RFC 1951, 3.2.3: the final block, which is empty. */
const LAST_BLOCK = [0x03, 0x00];

/** The part of a gzip body that belongs to one stream: the checksum and the length at its end. */
export class GzipBody {
	readonly #gzip: Gzip;
	/** Both are signed 32-bit integers: only their bits matter. */
	#crc = 0;
	#size = 0;

	constructor(gzip: Gzip) {
		this.#gzip = gzip;
	}

	/** Its first bytes. */
	get head(): Uint8Array {
		return HEADER;
	}

	/** Its next piece. */
	add(batch: Batch): Bytes {
		const piece = batch.gzipped(this.#gzip);
		this.#crc = combineCrc32(this.#crc, piece.crc, piece.shift);
		this.#size = (this.#size + piece.size) | 0;
		this.#gzip.written(piece);
		return piece;
	}

	/** Its last bytes. */
	get tail(): Bytes {
		const tail = Buffer.alloc(LAST_BLOCK.length + 8);
		tail.set(LAST_BLOCK);
		tail.writeInt32LE(this.#crc, LAST_BLOCK.length);
		tail.writeInt32LE(this.#size, LAST_BLOCK.length + 4);
		return { plain: tail, chunked: chunkOf(joinChunked([tail])) };
	}
}
