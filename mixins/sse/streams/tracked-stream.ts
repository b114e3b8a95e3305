import type { Reset } from "../core/event/control-events.ts";
import type { ResetReason } from "../core/history/id-order.ts";
import type { ReplayCursor } from "../core/history/replay-cursor.ts";
import type { StreamRequest, StreamResponse } from "../http/connection.ts";
import { StreamPast } from "./stream-past.ts";
import type { StreamPhase } from "./stream-phase.ts";
import { StreamWriter, type StreamWriterOptions } from "./stream-writer.ts";

export interface TrackedStreamOptions extends StreamWriterOptions {
	/** Returns the position of the next event in the history; default: no history is kept. */
	position?: () => number;
}

/**
 * Tracks which events a stream's client gets, by their positions in the history: from which one on it is up to date, how far a
 * held stream has been read to, and what its end left unwritten and unsent. A stream extends this class, like
 * {@link StreamWriter}, instead of having an instance. It has no private method: each class of the chain that has one costs
 * every stream 8 bytes.
 */
export abstract class TrackedStream extends StreamWriter {
	/** `performance.now()` at which it was opened. */
	readonly openedAt: number = performance.now();
	/** Position in the history of the first event that arrived after it was opened; 0 without a history. */
	readonly openedFrom: number;

	/** See {@link mayHaveMissed}; -Infinity for one that came back, and continues from earlier. */
	#currentSince: number = this.openedAt;
	readonly #position: () => number;
	/** How far a held stream has read the history; undefined while that is undecided, and for a live stream. */
	#reading: { readonly next: number } | undefined;
	#past: StreamPast | undefined;

	protected constructor(
		request: StreamRequest,
		response: StreamResponse,
		options: TrackedStreamOptions
	) {
		super(request, response, options);
		this.#position = options.position ?? nowhere;
		this.openedFrom = this.#position();
	}

	abstract get phase(): StreamPhase;

	/** How it began, if its client came back, and how it ended. */
	get past(): Readonly<StreamPast> | undefined {
		return this.#past;
	}

	/** Position of the first event that is still to be read for it from the history; 0 = none. */
	get unread(): number {
		if (this.phase === "opening") return this.openedFrom;
		return this.phase === "held" ? (this.#reading?.next ?? 0) : 0;
	}

	/** Whether its client may have missed something that was sent before, and has not been told so. */
	mayHaveMissed(before: number): boolean {
		return this.#currentSince < before;
	}

	/**
	 * Whether its client came from another gateway, which it may have left before it got what was sent before, and has not been
	 * told so.
	 */
	mayHaveLeftBehind(before: number): boolean {
		if (this.#currentSince !== Number.NEGATIVE_INFINITY) return false;
		const claimedUntil = this.#past?.return?.cursor.claimedUntil;
		return claimedUntil !== undefined && claimedUntil < before;
	}

	/** Its client came back: notes how the stream begins. */
	cameBack(cursor: ReplayCursor, told: ResetReason | undefined): void {
		this.#past ??= new StreamPast();
		this.#past.return ??= { from: cursor.next, cursor, told };
	}

	/** The holder reads the history for a held stream with this cursor. */
	reads(cursor: ReplayCursor): void {
		if (this.phase === "held") this.#reading = cursor;
	}

	/** Events that a held stream was to get are no longer kept. @param to Position after the last one. */
	missedReplay(from: number, to: number): void {
		if (this.phase === "held") this.expired(from, to);
	}

	/** Until it is reset, a loss that is found later may have been sent before its client came back. */
	protected noteEarlierStart(): void {
		this.#currentSince = Number.NEGATIVE_INFINITY;
	}

	/** Its client is told that it may have missed something. @param now `performance.now()`, before which all of that was sent. */
	protected noteReset({ reason }: Reset, now: number): void {
		this.#currentSince = now;
		this.counters.resetsSent.add(reason);
	}

	/** @param reading How far a held stream has read the history; undefined once it is live. */
	protected noteReading(reading: { readonly next: number } | undefined): void {
		this.#reading = reading;
	}

	/** It takes no more events. @param unwritten Position of the first event that was for it and is not written; 0 = none. */
	protected noteEnd(reason: string, isRevoked: boolean, unwritten: number): void {
		const to = this.#position();
		this.#past ??= new StreamPast();
		this.#past.ending = { to, at: performance.now(), reason, isRevoked, unwritten };
	}

	/** It is ending already, and ends for another reason now. */
	protected noteOtherEnd(reason: string, isRevoked: boolean): void {
		const past = this.#past;
		if (past?.ending !== undefined) past.ending = { ...past.ending, reason, isRevoked };
	}

	/** What is unsent now never arrives. */
	protected noteUnsent(): void {
		const { unsentFirst } = this;
		if (unsentFirst === 0) return;
		this.#past ??= new StreamPast();
		this.#past.unsent ||= unsentFirst;
	}
}

function nowhere(): number {
	return 0;
}
