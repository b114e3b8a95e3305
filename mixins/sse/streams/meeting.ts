import type { Registry } from "../core/addressing/registry.ts";
import { resetOf } from "../core/event/control-events.ts";
import type { EventStream } from "./event-stream.ts";
import { type Beginning, type Held, release } from "./resume.ts";

/** Milliseconds for which streams are held because senders that are being met may report more; at most a second longer. */
const PATIENCE = 1000;

/**
 * Resets streams once for what was sent before its senders knew of this gateway, however many senders it meets: each reset
 * makes a page load its state. From the first loss on, the affected streams are held, so that they are reset before anything
 * that follows.
 */
export class Meeting {
	readonly #from: Beginning;
	readonly #streams: Registry<EventStream>;
	readonly #held = new Map<EventStream, Held>();
	/** Time by which everything had been sent that streams have not been told of. */
	#before = Number.NEGATIVE_INFINITY;
	#since = 0;

	constructor(from: Beginning, streams: Registry<EventStream>) {
		this.#from = from;
		this.#streams = streams;
	}

	/**
	 * Something is lost that was sent before.
	 *
	 * @returns How many streams it affects.
	 */
	tell(before: number): number {
		const { history } = this.#from;
		if (history === undefined) return 0;
		const now = performance.now();
		if (this.#held.size === 0) this.#since = now;
		this.#before = Math.max(this.#before, before);
		let count = 0;
		for (const stream of this.#streams) {
			// It is told when it is decided how the stream starts.
			if (stream.phase === "opening") continue;
			// Whether it is told or not, its resume token is from before the gap.
			const resumeToken = this.#from.resumeTokenFor(stream);
			if (!stream.mayHaveMissed(before)) continue;
			count++;
			if (stream.hold(history.head)) {
				this.#held.set(stream, { liveFrom: history.head, resumeToken });
			} else if (!this.#held.has(stream)) stream.sendReset(resetOf("gap"), now);
		}
		return count;
	}

	/** Call this when the senders may have been met, and now and then. */
	look(): void {
		if (this.#held.size === 0) return;
		if (this.#from.isMeeting && performance.now() - this.#since < PATIENCE) return;
		const held = [...this.#held];
		const before = this.#before;
		this.#held.clear();
		this.#before = Number.NEGATIVE_INFINITY;
		for (const [stream, since] of held) release(stream, this.#from, since, before);
	}
}
