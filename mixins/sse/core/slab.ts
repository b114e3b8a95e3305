/** Slabs have this size. */
const SLAB_BYTES = 65_536;
/** What may be larger than this part of a slab has a buffer of its own. */
const MOST_IN_SLAB = SLAB_BYTES / 4;

const encoder = new TextEncoder();

/**
 * A buffer that texts of about the same life are written into, one behind the other: an ArrayBuffer a text
 * would cost more than the text. A slab lives as long as anything in it does; so what is kept and what is not
 * must not share one.
 */
export class Slab {
	#bytes: Uint8Array = new Uint8Array(0);
	#used = 0;

	/**
	 * A text as UTF-8, with room around it.
	 *
	 * @param before Most bytes that the room before it takes, from the most bytes that the text may have.
	 * @param after Bytes of the room behind it.
	 * @returns Where it stands.
	 */
	write(text: string, before: (mostBytes: number) => number, after: number): Written {
		// A UTF-16 code unit takes three bytes at most.
		const mostBytes = text.length * 3;
		if (mostBytes > MOST_IN_SLAB) {
			const bytes = encoder.encode(text);
			const start = before(bytes.byteLength);
			const own = new Uint8Array(start + bytes.byteLength + after);
			own.set(bytes, start);
			return { bytes: own, start, length: bytes.byteLength };
		}
		const room = before(mostBytes);
		if (room + mostBytes + after > this.#bytes.byteLength - this.#used) {
			this.#bytes = new Uint8Array(SLAB_BYTES);
			this.#used = 0;
		}
		const start = this.#used + room;
		const { written } = encoder.encodeInto(text, this.#bytes.subarray(start));
		this.#used = start + written + after;
		return { bytes: this.#bytes, start, length: written };
	}
}

/** A text in a buffer. */
export interface Written {
	readonly bytes: Uint8Array;
	readonly start: number;
	readonly length: number;
}
