import type { Subscription } from "../core/addressing/registry.ts";
import {
	type CloseReason,
	closeFrame,
	type OwnCloseReason,
	type Reset
} from "../core/event/control-events.ts";
import type { Frame } from "../core/event/frame.ts";
import type { DropReason, EndReason } from "../core/metrics/label-values.ts";
import type { StreamRequest, StreamResponse } from "../http/connection.ts";
import { Patience } from "../http/patience.ts";
import type { LetGo } from "../http/transport.ts";
import { isOpen, type StreamPhase } from "./stream-phase.ts";
import { TrackedStream, type TrackedStreamOptions } from "./tracked-stream.ts";

export interface EventStreamOptions extends Subscription, TrackedStreamOptions {
	/** `performance.now()` at which the stream reaches the end of its life; Infinity = never. */
	expiresAt: number;
	/** Milliseconds since 1970 at which its session ends; default: never. */
	sessionEnd?: number;
	/** `performance.now()` at which its session was proven; default: now. */
	provenAt?: number;
	/** Reason for its end then; default `timeout`. */
	endsBy?: OwnCloseReason;
	/** Called once, as soon as the stream takes no more events. */
	onEnd(stream: EventStream): void;
	/** Called once, when nothing of the stream is left, after `onEnd`. */
	onClose(stream: EventStream): void;
}

export interface EndOptions {
	/** Milliseconds that the client has to take its last bytes; default 2,000. */
	grace?: number;
	/** When to come back, in milliseconds; default: as the stream's first frame said. */
	retry?: number | undefined;
}

const END_GRACE = 2000;

/**
 * One open response. It ends once, for whatever reason, and lives as long as its connection: when that closes, the stream
 * releases everything.
 *
 * Only the stream changes its phase. Its methods say what happens to it; what its phase does not allow does nothing.
 */
export class EventStream extends TrackedStream implements Subscription {
	readonly sessionIds: readonly string[];
	readonly eventNames: readonly string[];
	/** `performance.now()` at which its session was proven. */
	readonly provenAt: number;
	readonly expiresAt: number;
	/** Milliseconds since 1970; Infinity = never. */
	readonly sessionEnd: number;

	#phase: StreamPhase = "opening";
	/** The first frame, for a stream that ends before it is decided how it starts. */
	#provisional: Frame | undefined;
	readonly #endsBy: OwnCloseReason;
	#deadline: Patience | undefined;
	readonly #onEnd: (stream: EventStream) => void;
	readonly #onClose: (stream: EventStream) => void;

	constructor(request: StreamRequest, response: StreamResponse, options: EventStreamOptions) {
		super(request, response, options);
		this.sessionIds = options.sessionIds;
		this.eventNames = options.eventNames;
		this.provenAt = options.provenAt ?? performance.now();
		this.expiresAt = options.expiresAt;
		this.sessionEnd = options.sessionEnd ?? Number.POSITIVE_INFINITY;
		this.#endsBy = options.endsBy ?? "timeout";
		this.#onEnd = options.onEnd;
		this.#onClose = options.onClose;
	}

	get phase(): StreamPhase {
		return this.#phase;
	}

	/** Whether it has not begun to end. */
	get isOpen(): boolean {
		return isOpen(this.#phase);
	}

	protected get isLive(): boolean {
		return this.#phase === "live";
	}

	/** Writes the head. */
	open(): void {
		if (this.#phase === "opening") this.transport.open();
	}

	/**
	 * Sends the head alone, because it is not decided yet how the stream starts.
	 *
	 * @param provisional Makes its first frame, in case it ends before that; called once.
	 */
	putOff(provisional: () => Frame): void {
		if (this.#phase !== "opening") return;
		this.#provisional ??= provisional();
		this.transport.flushHead();
	}

	/**
	 * Writes the first frame; events follow from now on.
	 *
	 * @param reset Tells the client that it may have missed something; both are written at once.
	 */
	beginLive(opening: Frame, reset?: Reset): void {
		this.#begin("live", opening, reset);
	}

	/** Like {@link beginLive}, but first the client gets what it has missed. */
	beginHeld(opening: Frame, reset?: Reset): void {
		this.#begin("held", opening, reset);
	}

	#begin(phase: "held" | "live", opening: Frame, reset: Reset | undefined): void {
		if (this.#phase !== "opening") return;
		// Comes first: how it is written to depends on it.
		this.#phase = phase;
		this.#provisional = undefined;
		this.writeNow(reset === undefined ? [opening] : [opening, reset.frame]);
		if (reset !== undefined) this.noteReset(reset, performance.now());
		else if (phase === "held") this.noteEarlierStart();
	}

	/**
	 * Skips live events until the stream may {@link goLive}: its holder reads them from the history.
	 *
	 * @param next Position of the next event in the history.
	 * @returns Whether it was live.
	 */
	hold(next = 0): boolean {
		if (this.#phase !== "live") return false;
		this.#phase = "held";
		this.noteReading({ next });
		return true;
	}

	/**
	 * The stream is up to date: live events follow.
	 *
	 * @returns Whether it was held.
	 */
	goLive(): boolean {
		if (this.#phase !== "held") return false;
		this.#phase = "live";
		this.noteReading(undefined);
		return true;
	}

	/**
	 * Releases what only the beginning of a stream needs. Call this when its request has been handled. A stream that has begun
	 * to end keeps all of it, because Node ends a response through it.
	 */
	settle(letGo: LetGo): void {
		if (this.isOpen) this.transport.settle(letGo);
	}

	/**
	 * Gives a live stream a frame, which is written at the end of this turn of the event loop.
	 *
	 * @param key See {@link Backlog.push}.
	 * @param position Position of the frame's event in the history, if it is an event.
	 * @returns Whether it is live.
	 */
	send(frame: Frame, key?: string, position?: number): boolean {
		if (this.#phase !== "live") return false;
		this.writeLater(frame, key, position);
		return true;
	}

	/**
	 * Like {@link send}, also for a held stream: tells its client that it may have missed something.
	 *
	 * @param now `performance.now()`, before which all of that was sent.
	 */
	sendReset(reset: Reset, now: number): void {
		if (this.#phase !== "live" && this.#phase !== "held") return;
		this.noteReset(reset, now);
		this.writeLater(reset.frame);
	}

	/**
	 * Writes frames, at least one, to a held stream, at once and in one call, after what was sent before.
	 *
	 * @returns False if the client is slower than this: the next frames should wait for {@link onDrain}.
	 */
	write(...frames: readonly Frame[]): boolean {
		return this.writePast(frames, 0);
	}

	/** Like {@link write}, for events from the history. @param first Position from which they were read. */
	writePast(frames: readonly Frame[], first: number): boolean {
		if (this.#phase !== "held") return false;
		this.writeNow(frames, first);
		return this.isReady;
	}

	/** Like {@link write}: tells its client that it may have missed something. */
	writeReset(reset: Reset): void {
		if (this.#phase !== "held") return;
		this.writeNow([reset.frame]);
		this.noteReset(reset, performance.now());
	}

	/** Calls back once when the client of a held stream has taken what was written; never if the stream ends first. */
	onDrain(callback: () => void): void {
		if (this.#phase === "held") this.onReady(callback);
	}

	/** Ends the stream gracefully: `sse.close`, then the end of the response. */
	end(reason: OwnCloseReason, { grace = END_GRACE, retry }: EndOptions = {}): void {
		if (!this.isOpen) return;
		if (this.#provisional !== undefined) this.writeNow([this.#provisional]);
		this.writeAll();
		// The writes may have been too much for the client.
		if (this.#takeNoMore("ending", reason)) this.#finish(closeFrame(reason, retry), grace);
	}

	/**
	 * Takes no more events from now on, and ends: with `sse.close` if the client has taken everything that was written;
	 * otherwise the connection is cut off, so that what is unsent is never sent. A stream that is already ending gracefully is
	 * cut off, too; one that was revoked before has been told why.
	 *
	 * @param why The reason that is counted: a service's own reason may be any text.
	 */
	revoke(reason: CloseReason, why: EndReason = "revoked"): void {
		if (this.#phase === "revoked" || this.#phase === "closed") return;
		if (!this.#takeNoMore("revoked", why, reason)) {
			this.#phase = "revoked";
			this.noteOtherEnd(reason, why === "revoked");
			this.#cutOff();
			return;
		}
		// What Node corks in this turn is under way; anything left after that is not taken by the client.
		setImmediate(() => {
			if (this.#phase === "closed") return;
			if (this.transport.unsent > 0) return this.#cutOff();
			if (this.#provisional !== undefined) this.writeLast(this.#provisional);
			this.#finish(closeFrame(reason), END_GRACE);
		});
	}

	/** Ends a stream whose time is over: with its session, what is unsent is no longer for its client. */
	expire(): void {
		if (this.#endsBy === "expired" || Date.now() >= this.sessionEnd)
			this.revoke("expired", "expired");
		else this.end(this.#endsBy);
	}

	/** Ends the stream at once, because code that serves it has thrown; the error is reported. */
	fail(error: unknown): void {
		this.transport.fail(error);
	}

	/** Ends the stream at once: what is unsent is dropped, and the client sees a broken connection. */
	destroy(why: EndReason = "client"): void {
		if (this.#phase === "closed") return;
		this.#takeNoMore("ending", why);
		this.noteUnsent();
		this.transport.destroy();
	}

	/** Like {@link destroy}, and also drops what the system has buffered for the client, where possible. */
	#cutOff(): void {
		this.noteUnsent();
		this.transport.reset();
		this.destroy();
	}

	/** Writes the last frame, and ends the response. */
	#finish(last: Frame, grace: number): void {
		this.writeLast(last);
		this.#deadline = new Patience(grace, () => this.destroy());
		this.transport.end();
	}

	/** Takes no more events. @returns Whether it did until now. */
	#takeNoMore(phase: "ending" | "revoked", why: EndReason, reason: string = why): boolean {
		if (!this.isOpen) return false;
		const unwritten = this.waitingFirst || this.unread;
		this.#phase = phase;
		this.noteEnd(reason, why === "revoked", unwritten);
		this.counters.streamsClosed.add(why);
		this.counters.eventsDropped.add(this.#dropReason(why), this.drop());
		this.#onEnd(this);
		return true;
	}

	/** What ended the stream decides why the waiting events are dropped. */
	#dropReason(why: EndReason): DropReason {
		if (why === "expired" || why === "revoked") return why;
		return why === "slow" ? this.slowReason : "closed";
	}

	protected close(): void {
		this.#takeNoMore("ending", this.transport.hasFailed ? "error" : "client");
		if (this.#phase === "closed") return;
		this.noteUnsent();
		this.#phase = "closed";
		this.#deadline?.stop();
		this.release();
		this.#onClose(this);
	}
}
