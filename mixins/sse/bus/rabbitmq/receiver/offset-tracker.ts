import type { Point } from "./point.ts";

/**
 * What a point says about the reader's progress:
 * - `next`: nothing is missing before it;
 * - `seen`: the reader was there already, and continues from there;
 * - `jump`: messages may be missing before it. The reader has not moved: {@link OffsetTracker.start} moves it;
 * - `gap`: what was before it is no longer on the RabbitMQ stream, and the reader has not seen it;
 * - `another`: this is not the RabbitMQ stream that was read before.
 */
export type Step = "next" | "seen" | "jump" | "gap" | "another";

/**
 * Most offsets by which a message may be ahead of the one before with nothing missing for certain: RabbitMQ uses one itself
 * when it begins a segment, and truncates by whole segments, which is more. It also uses one whenever a consumer of its own
 * protocol stores its offset, so that a longer step need not be a loss.
 */
const LONGEST_STEP = 2;

/** Tracks a reader's progress on a RabbitMQ stream, to notice what was removed before it was read. */
export class OffsetTracker {
	#last: Point | undefined;
	/** The next point must be the last one again; otherwise what came after that one may be gone. */
	#isReturning = false;

	/** The reader's place; undefined before the first point. */
	get last(): Point | undefined {
		return this.#last;
	}

	/** Sets the reader to a point, or to none: then any next point is accepted. */
	start(at: Point | undefined): void {
		this.#last = at;
		this.#isReturning = false;
	}

	/** The reader was away, and returns to where it was: only that point proves that the RabbitMQ stream is the same. */
	return(): void {
		this.#isReturning = this.#last !== undefined;
	}

	/** Moves the reader to a point. */
	follow(point: Point): Step {
		const last = this.#last;
		const wasAway = this.#isReturning;
		this.#isReturning = false;
		if (last !== undefined && point.offset <= last.offset) {
			const isSame = point.offset === last.offset && point.timestamp === last.timestamp;
			return isSame ? "seen" : "another";
		}
		if (last !== undefined && !wasAway && point.offset - last.offset > LONGEST_STEP) return "jump";
		this.#last = point;
		return wasAway ? "gap" : "next";
	}
}
