import type { Frame } from "../core/event/frame.ts";
import { ownText } from "../core/util/own-text.ts";

/** What a frame that waits takes besides its bytes. */
export const WAITING_BYTES = 550;

/**
 * What waits for a client that is slower than its events: frames in their order, whole ones only. Of
 * frames with the same key the newest remains, in its own place: what a client has got up to any point is
 * thus never newer than what it has not.
 */
export class Backlog {
	/** By key, or by number where there is none; in the order in which they came. */
	readonly #frames = new Map<string | number, Frame>();
	#count = 0;
	#bytes = 0;
	#hasLost = false;

	get isEmpty(): boolean {
		return this.#frames.size === 0;
	}

	/** Number of frames. */
	get length(): number {
		return this.#frames.size;
	}

	/** Bytes that it takes, the book-keeping included. */
	get bytes(): number {
		return this.#bytes;
	}

	/**
	 * @param frame In a buffer of its own, of which it may have to hold all.
	 * @param key Frames of one key replace each other; without one a frame is for itself.
	 */
	push(frame: Frame, key?: string): void {
		if (key !== undefined) this.#remove(key);
		this.#frames.set(key === undefined ? this.#count++ : ownText(key), frame);
		this.#bytes += frame.byteLength + WAITING_BYTES;
	}

	/**
	 * Drops the oldest until it holds no more than this, or the newest alone.
	 *
	 * @returns How many it has dropped.
	 */
	trim(maxBytes: number): number {
		let dropped = 0;
		for (const key of this.#frames.keys()) {
			if (this.#bytes <= maxBytes || this.#frames.size === 1) break;
			this.#remove(key);
			this.#hasLost = true;
			dropped++;
		}
		return dropped;
	}

	/** Whether something before the next frame was dropped, and that has not been asked for by {@link takeLoss}. */
	get hasLost(): boolean {
		return this.#hasLost;
	}

	/** Whether something before the next frame was dropped, asked for the first time. */
	takeLoss(): boolean {
		const had = this.#hasLost;
		this.#hasLost = false;
		return had;
	}

	/** Takes the oldest frames out: as many as reach this, one at least. */
	take(bytes: number): Frame[] {
		const taken: Frame[] = [];
		let left = bytes;
		for (const [key, frame] of this.#frames) {
			this.#remove(key);
			taken.push(frame);
			left -= frame.byteLength;
			if (left <= 0) break;
		}
		return taken;
	}

	#remove(key: string | number): void {
		const frame = this.#frames.get(key);
		if (frame === undefined) return;
		this.#bytes -= frame.byteLength + WAITING_BYTES;
		this.#frames.delete(key);
	}
}
