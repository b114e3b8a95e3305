import type { Frame } from "../core/event/frame.ts";
import { ownText } from "../core/util/own-text.ts";

/** Bytes that a waiting frame takes besides its content. */
export const WAITING_BYTES = 550;

/**
 * The frames that wait for a client that is slower than its events: whole ones, in order. Of frames with the same key only the
 * newest stays, in its own place, so that what a client has at any point is never newer than what it has not.
 */
export class Backlog {
	/** By key, or by number if there is none; in the order of arrival. */
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

	/** Bytes that it takes, including the book-keeping. */
	get bytes(): number {
		return this.#bytes;
	}

	/**
	 * @param frame In a buffer of its own, all of which it may keep alive.
	 * @param key Frames with the same key replace each other; a frame without one stays.
	 */
	push(frame: Frame, key?: string): void {
		if (key !== undefined) this.#remove(key);
		this.#frames.set(key === undefined ? this.#count++ : ownText(key), frame);
		this.#bytes += frame.byteLength + WAITING_BYTES;
	}

	/**
	 * Drops the oldest frames until it takes at most `maxBytes`, or only the newest is left.
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

	/** Whether something before the next frame was dropped, and {@link takeLoss} has not reported it yet. */
	get hasLost(): boolean {
		return this.#hasLost;
	}

	/** Whether something before the next frame was dropped; true once for each loss. */
	takeLoss(): boolean {
		const had = this.#hasLost;
		this.#hasLost = false;
		return had;
	}

	/** Removes and returns the oldest frames: as many as reach `bytes`, at least one. */
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
