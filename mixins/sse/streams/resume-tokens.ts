import type { Registry } from "../core/addressing/registry.ts";
import { heartbeatFrame, resetOf } from "../core/event/control-events.ts";
import type { Frame } from "../core/event/frame.ts";
import type { History } from "../core/history/history.ts";
import type { EventStream } from "./event-stream.ts";

/**
 * The resume tokens that streams are given, and the resets of streams that may have missed something. While something is suspected
 * to be missing, a resume token is good for this gateway, which will know; any other gateway gets the id of the last event from
 * before.
 */
export class ResumeTokens {
	readonly #history: History | undefined;
	readonly #streams: Registry<EventStream>;
	readonly #isWhole: () => boolean;
	#wasWhole = true;
	/** The last event before which nothing is suspected to be missing, while there is no newer one. */
	#safeId = "";
	/** The streams whose resume token is older than what they have seen; whether there may be any. */
	readonly #old = new WeakSet<EventStream>();
	#hasOld = false;

	/** @param isWhole Whether nothing is suspected to be missing. */
	constructor(
		history: History | undefined,
		streams: Registry<EventStream>,
		isWhole: () => boolean
	) {
		this.#history = history;
		this.#streams = streams;
		this.#isWhole = isWhole;
	}

	/** Whether events may be sent with their ids. Read this before an event is kept, because its resume token includes it. */
	get isWhole(): boolean {
		const isWhole = this.#isWhole();
		if (isWhole || !this.#wasWhole) return isWhole;
		this.#wasWhole = false;
		this.#safeId = this.#history?.newestId ?? "";
		return false;
	}

	/** For streams to which everything was written. Undefined without a history. */
	get #current(): string | undefined {
		return this.isWhole
			? this.#history?.resumeToken(performance.now())
			: this.#history?.resumeTokenAfter(this.#safeId);
	}

	/** The same, unless it is worth nothing on another gateway: a client may have an id of that one. */
	get live(): string | undefined {
		return this.isWhole || this.#safeId !== "" ? this.#current : undefined;
	}

	/** For a stream that starts here, or is told here that it may have missed something. */
	resumeTokenFor(stream: EventStream): string | undefined {
		if (!this.isWhole) this.#noteOld(stream);
		return this.#current;
	}

	#noteOld(stream: EventStream): void {
		this.#old.add(stream);
		this.#hasOld = true;
	}

	/**
	 * Resets the streams that may have missed what was sent before. They continue from here.
	 *
	 * @param before `performance.now()` by which all of it had been sent.
	 * @returns How many there are.
	 */
	tell(before: number): number {
		const now = performance.now();
		const resumeToken = this.#current;
		const reset = resetOf("gap", resumeToken);
		let told = 0;
		// What was read may have been sent before these streams were let in; what follows was not.
		this.#history?.letInAll(this.#streams, now);
		for (const stream of this.#streams) {
			// It is told when it is decided how the stream starts.
			if (stream.phase === "opening") continue;
			const isTold = stream.mayHaveMissed(before);
			// If it is not reset, its resume token is one from before the gap.
			if (!isTold || !this.isWhole) this.#noteOld(stream);
			if (!isTold) continue;
			told++;
			// A held stream has not seen everything up to that resume token yet.
			stream.sendReset(stream.phase === "held" ? resetOf("gap") : reset, now);
		}
		return told;
	}

	/**
	 * Resets the streams whose clients came from another gateway, and may have left it before they got what was sent before this
	 * gateway was there.
	 *
	 * @param before `performance.now()` by which all of it had been sent.
	 * @returns How many there are.
	 */
	tellLeftBehind(before: number): number {
		const now = performance.now();
		const resumeToken = this.#current;
		let told = 0;
		for (const stream of this.#streams) {
			if (stream.phase === "opening") continue;
			const isTold = stream.mayHaveLeftBehind(before);
			// If it is not reset, its resume token is one from before that.
			if (!isTold || !this.isWhole) this.#noteOld(stream);
			if (!isTold) continue;
			told++;
			stream.sendReset(resetOf("gap", stream.phase === "held" ? undefined : resumeToken), now);
		}
		return told;
	}

	/** A stream has been brought up to date, and is live. */
	released(stream: EventStream): void {
		if (!this.#old.has(stream)) return;
		if (this.isWhole) {
			this.#old.delete(stream);
			stream.send(heartbeatFrame(this.live));
		} else {
			this.#noteOld(stream);
		}
	}

	/** If resume tokens are safe again, sends those that were withheld. */
	renew(): void {
		if (!this.isWhole) return;
		this.#wasWhole = true;
		this.#safeId = "";
		if (!this.#hasOld) return;
		this.#hasOld = false;
		const frame: Frame = heartbeatFrame(this.live);
		for (const stream of this.#streams) {
			// A held stream has not seen everything up to that resume token yet: see `released`.
			if (stream.phase === "live" && this.#old.delete(stream)) stream.send(frame);
		}
	}
}
