import { Queue } from "../core/collections/queue.ts";
import type { EventStream } from "../streams/event-stream.ts";
import type { StreamPast } from "../streams/stream-past.ts";
import type { UnwrittenEvents } from "../streams/unwritten-events.ts";

/** What is remembered of a closed stream. */
export interface PastStream
	extends Pick<EventStream, "sessionIds" | "eventNames" | "openedAt" | "openedFrom"> {
	readonly past: Readonly<StreamPast>;
	readonly unwrittenEvents: UnwrittenEvents | undefined;
}

/** Bytes that past streams may take, as a part of the history's `maxBytes`, in addition to it. */
const PART = 1 / 16;
/** Bytes of a text, besides its characters, and of one of these: a client may listen to many short names. */
const TEXT_BYTES = 32;
const CHARACTER_BYTES = 2;
/** Bytes of a stream, without its ids and names. */
const STREAM_BYTES = 500;
/** Bytes of a stream's unwritten events, at most. */
const UNWRITTEN_BYTES = 6000;

/**
 * The streams of a gateway that have ended, for as long as the history keeps events that were sent to them: without those events
 * there is no verdict on them. Bounded in bytes.
 */
export class PastStreams {
	/** Streams that take no more events, but whose connections are not closed yet. */
	readonly #ending = new Set<EventStream>();
	readonly #closed = new Queue<PastStream>();
	readonly #tail: () => number;
	readonly #maxBytes: number;
	#bytes = 0;
	#forgottenTo = 0;

	/**
	 * @param tail Returns the position of the oldest event kept.
	 * @param historyBytes Bytes that the history may take.
	 */
	constructor(tail: () => number, historyBytes: number) {
		this.#tail = tail;
		this.#maxBytes = historyBytes * PART;
	}

	/** Position of the first event that no forgotten stream can have received; for earlier events, some streams are unknown. */
	get forgottenTo(): number {
		return this.#forgottenTo;
	}

	/** Number of streams, for tests. */
	get size(): number {
		return this.#ending.size + this.#closed.length;
	}

	/** All of them: first the closed ones, in the order in which they closed, then those that are still closing. */
	*[Symbol.iterator](): Generator<PastStream | EventStream> {
		for (let index = 0; index < this.#closed.length; index++) {
			yield this.#closed.at(index) as PastStream;
		}
		yield* this.#ending;
	}

	/** The stream takes no more events. */
	ended(stream: EventStream): void {
		this.#ending.add(stream);
	}

	/** The stream's connection is closed; remembers what verdicts need. */
	closed(stream: EventStream): void {
		this.#ending.delete(stream);
		const { sessionIds, eventNames, openedAt, openedFrom, past, unwrittenEvents } = stream;
		// No event arrived while it was open, and none from before it was replayed.
		const isEmpty = past?.return === undefined && past?.ending?.to === openedFrom;
		if (past === undefined || isEmpty) return;
		const kept = { sessionIds, eventNames, openedAt, openedFrom, past, unwrittenEvents };
		this.#closed.push(kept);
		this.#bytes += bytesOf(kept);
		this.#forget();
	}

	#forget(): void {
		const tail = this.#tail();
		for (let oldest = this.#closed.at(0); oldest !== undefined; oldest = this.#closed.at(0)) {
			const to = oldest.past.ending?.to ?? 0;
			const isOver = to <= tail;
			if (!isOver && this.#bytes <= this.#maxBytes) return;
			if (!isOver) this.#forgottenTo = Math.max(this.#forgottenTo, to);
			this.#closed.shift();
			this.#bytes -= bytesOf(oldest);
		}
	}
}

function bytesOf({ sessionIds, eventNames, unwrittenEvents }: PastStream): number {
	const texts = textBytes(sessionIds) + textBytes(eventNames);
	return STREAM_BYTES + texts + (unwrittenEvents === undefined ? 0 : UNWRITTEN_BYTES);
}

function textBytes(texts: readonly string[]): number {
	return texts.reduce((sum, text) => sum + TEXT_BYTES + text.length * CHARACTER_BYTES, 0);
}
