/** A place on the stream, and what tells it from the same place on another stream of that name. */
export interface Point {
	/** Given by RabbitMQ; rises, and not always by one. */
	readonly offset: number;
	/** Milliseconds since 1970, given by the sender; 0 if it gave none. */
	readonly timestamp: number;
}

/**
 * What a point says about the reader's way:
 * - `next`: nothing is missing before it;
 * - `seen`: it is where the reader was, who goes on from there;
 * - `gap`: what was before it is no longer on the stream, and the reader has not seen it;
 * - `another`: the stream is not the one that was read before.
 */
export type Step = "next" | "seen" | "gap" | "another";

/**
 * How many offsets one message may be ahead of the one before it: RabbitMQ takes one for itself where it
 * begins a segment of the stream. What it truncates are whole segments, and so more.
 */
const LONGEST_STEP = 2;

/** Follows a reader's way along a stream, to notice what has been taken from under it. */
export class OffsetTracker {
	#last: Point | undefined;
	/** The next point has to be the last one once more, or what was behind that may be gone. */
	#isReturning = false;

	/** Where the reader is; undefined before the first point. */
	get last(): Point | undefined {
		return this.#last;
	}

	/** Puts the reader at a point, or at none: the next one is then taken as it comes. */
	start(at: Point | undefined): void {
		this.#last = at;
		this.#isReturning = false;
	}

	/** The reader was away, and comes back to where it was: only that point proves that the stream is the same. */
	return(): void {
		this.#isReturning = this.#last !== undefined;
	}

	/** Takes the reader to a point. */
	follow(point: Point): Step {
		const last = this.#last;
		const wasAway = this.#isReturning;
		this.#isReturning = false;
		if (last !== undefined && point.offset <= last.offset) {
			const isSame = point.offset === last.offset && point.timestamp === last.timestamp;
			return isSame ? "seen" : "another";
		}
		this.#last = point;
		if (last === undefined) return "next";
		return wasAway || point.offset - last.offset > LONGEST_STEP ? "gap" : "next";
	}
}
