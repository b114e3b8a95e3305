import type { Frame } from "../core/event/frame.ts";
import { ownText } from "../core/util/own-text.ts";
import { UnwrittenEvents } from "./unwritten-events.ts";

/** Bytes that a waiting frame takes besides its content. */
export const WAITING_BYTES = 550;

interface Waiting {
	readonly frame: Frame;
	readonly position: number;
}

/**
 * The frames that wait for a client that is slower than its events: whole ones, in order. Of frames with the same key only the
 * newest stays, in its own place, so that what a client has at any point is never newer than what it has not.
 */
export class Backlog {
	/** By key, or by number if there is none; in the order of arrival. */
	readonly #frames = new Map<string | number, Waiting>();
	readonly #unwritten: UnwrittenEvents;
	#count = 0;
	#bytes = 0;
	#hasLost = false;

	/** @param unwrittenEvents Notes what is dropped or replaced. */
	constructor(unwrittenEvents: UnwrittenEvents = new UnwrittenEvents()) {
		this.#unwritten = unwrittenEvents;
	}

	/** Position of the first event that waits; 0 = none. */
	get first(): number {
		for (const { position } of this.#frames.values()) if (position > 0) return position;
		return 0;
	}

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
	 * @param position Position of the frame's event in the history; 0 = not an event.
	 */
	push(frame: Frame, key?: string, position = 0): void {
		const replaced = key === undefined ? undefined : this.#remove(key);
		if (replaced !== undefined) this.#unwritten.conflate(replaced.position, position);
		this.#frames.set(key === undefined ? this.#count++ : ownText(key), { frame, position });
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
			this.#unwritten.drop(this.#remove(key)?.position ?? 0);
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
		this.#unwritten.endDrops();
		const taken: Frame[] = [];
		let left = bytes;
		for (const [key, { frame }] of this.#frames) {
			this.#remove(key);
			taken.push(frame);
			left -= frame.byteLength;
			if (left <= 0) break;
		}
		return taken;
	}

	#remove(key: string | number): Waiting | undefined {
		const waiting = this.#frames.get(key);
		if (waiting === undefined) return undefined;
		this.#bytes -= waiting.frame.byteLength + WAITING_BYTES;
		this.#frames.delete(key);
		return waiting;
	}
}
