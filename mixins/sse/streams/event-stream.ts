import type { Subscription } from "../core/addressing/registry.ts";
import { type CloseReason, closeFrame } from "../core/event/control-events.ts";
import type { Frame } from "../core/event/frame.ts";
import type { BufferPolicy } from "../core/options/gateway-options.ts";
import type { StreamRequest, StreamResponse } from "../http/connection.ts";
import { createTransport } from "../http/create-transport.ts";
import { Batch } from "../http/encoding/batch.ts";
import type { Gzip } from "../http/encoding/gzip.ts";
import { GzipBody } from "../http/encoding/gzip-body.ts";
import { Patience } from "../http/patience.ts";
import type { LetGo, Transport } from "../http/transport.ts";
import { Backpressure, type BackpressureOptions } from "./backpressure.ts";
import type { Flush } from "./flush.ts";

export interface EventStreamOptions extends Subscription, BackpressureOptions {
	/** The writes of the gateway. */
	flush: Flush;
	/** What compresses the stream, if its client takes that; the head says so. */
	gzip?: Gzip | undefined;
	/** `performance.now()` at which the stream has lived its life; Infinity = never. */
	expiresAt: number;
	/** Milliseconds since 1970 at which its session ends; default: never. */
	sessionEnd?: number;
	/** `performance.now()` at which it was proven whose it is; default: now. */
	provenAt?: number;
	/** What its end is called then; default `timeout`. */
	endsBy?: CloseReason;
	/** Something between a stream and its client has thrown; the stream is over. */
	onError(error: unknown): void;
	/** Called once, as soon as the stream takes no more events. */
	onEnd(stream: EventStream): void;
	/** Called once, when nothing of the stream is left, after `onEnd`. */
	onClose(stream: EventStream): void;
}

export interface EndOptions {
	/** Milliseconds that the client has to take its last bytes; default 2,000. */
	grace?: number;
	/** When to come back, in milliseconds; default: as the stream's first frame has said. */
	retry?: number | undefined;
}

const END_GRACE = 2000;

/**
 * One open response. It ends once, whatever ends it, and lives as long as its connection: when that is closed it lets
 * go of everything it held.
 */
export class EventStream implements Subscription {
	readonly sessionIds: readonly string[];
	readonly eventNames: readonly string[];
	/** `performance.now()` at which it was proven whose it is. */
	readonly provenAt: number;
	readonly expiresAt: number;
	readonly endsBy: CloseReason;
	/** Milliseconds since 1970; Infinity = never. */
	readonly sessionEnd: number;
	/** Written to since the heartbeat last looked. */
	written = true;
	/** Being brought up to date from the history: it must not get live events out of their order. */
	isHeld = false;
	/** The first frame, while it is not decided yet what it says: it is written before any other. */
	pending: Frame | undefined;
	/**
	 * `performance.now()` since when its client has missed nothing, or was told; -Infinity if it came back, and goes on from
	 * earlier.
	 */
	currentSince: number = performance.now();
	/** Its resume token is older than what it knows: better ones could not be vouched for when it was given. */
	hasOldResumeToken = false;
	/** `performance.now()` of the look at which the stream was first found silent. */
	silentSince = 0;

	readonly #transport: Transport;
	/** Once its client was behind: most never are, and an object more would cost every write. */
	#backpressure: Backpressure | undefined;
	readonly maxUnsentBytes: number;
	readonly #policy: BufferPolicy;
	readonly #flush: Flush;
	/** What it got in this turn of the event loop. */
	#batch: Batch | undefined;
	#state: "open" | "ending" | "closed" = "open";
	#deadline: Patience | undefined;
	/** Ends without what its client has not taken; the farewell that may be under way is no part of that. */
	#isRevoked = false;
	readonly #onEnd: (stream: EventStream) => void;
	readonly #onClose: (stream: EventStream) => void;

	constructor(request: StreamRequest, response: StreamResponse, options: EventStreamOptions) {
		this.#transport = createTransport(request, response, {
			gzip: options.gzip && new GzipBody(options.gzip),
			onClose: () => this.#closed(),
			onError: options.onError
		});
		this.maxUnsentBytes = options.maxUnsentBytes;
		this.#policy = options.policy;
		this.#flush = options.flush;
		this.sessionIds = options.sessionIds;
		this.eventNames = options.eventNames;
		this.provenAt = options.provenAt ?? performance.now();
		this.expiresAt = options.expiresAt;
		this.endsBy = options.endsBy ?? "timeout";
		this.sessionEnd = options.sessionEnd ?? Number.POSITIVE_INFINITY;
		this.#onEnd = options.onEnd;
		this.#onClose = options.onClose;
	}

	/** Writes the head. */
	open(): void {
		if (this.#state === "open") this.#transport.open();
	}

	/** Sends the head although no frame follows at once. */
	flushHead(): void {
		if (this.#state === "open") this.#transport.flushHead();
	}

	/**
	 * Lets go of what only a stream's beginning needs; to be called when its request is handled. What has begun to
	 * end keeps all of it: Node ends a response through it.
	 */
	settle(letGo: LetGo): void {
		if (this.#state === "open") this.#transport.settle(letGo);
	}

	get isOpen(): boolean {
		return this.#state === "open";
	}

	/** Whether something waits for its client to take it. */
	get isBehind(): boolean {
		return this.#backpressure?.isBehind ?? this.#transport.unsent > 0;
	}

	/** See {@link Backpressure.isStalled}. */
	isStalled(now: number, timeout: number): boolean {
		return this.isBehind && this.#underPressure().isStalled(now, timeout);
	}

	/**
	 * Gives the stream a frame, to be written at the end of this turn of the event loop.
	 *
	 * @param key See {@link Backlog.push}.
	 */
	send(frame: Frame, key?: string): void {
		if (this.#state !== "open") return;
		this.written = true;
		if (this.#batch === undefined) {
			this.#batch = this.#flush.first(frame, key);
			this.#flush.add(this);
		} else {
			this.#batch = this.#batch.and(frame, key);
		}
		// What waits is bounded like what is unsent.
		if (this.#batch.byteLength > this.maxUnsentBytes) this.flush();
	}

	/** Writes what it was given and has not written. */
	flush(): void {
		const batch = this.#batch;
		if (batch === undefined) return;
		this.#batch = undefined;
		if (this.#state === "open") this.#put(batch);
	}

	/**
	 * Writes frames, one at least, at once and with one call, behind what was sent before.
	 *
	 * @returns False if the client is slower than this: the next frames should wait for {@link onDrain}.
	 */
	write(...frames: readonly Frame[]): boolean {
		this.flush();
		if (this.#state !== "open") return false;
		this.written = true;
		this.#put(Batch.of(frames));
		return this.#backpressure?.isReady ?? !this.#transport.isBlocked;
	}

	/** Called from timers and by others' streams: does not throw. */
	#put(batch: Batch): void {
		try {
			if (this.#backpressure === undefined && this.#transport.unsent === 0) {
				this.#transport.write(batch);
			} else {
				// A held stream is written to at its client's pace.
				this.#underPressure().put(batch, this.isHeld);
			}
		} catch (error) {
			this.#transport.fail(error);
		}
	}

	#underPressure(): Backpressure {
		this.#backpressure ??= new Backpressure(
			this.#transport,
			{ maxUnsentBytes: this.maxUnsentBytes, policy: this.#policy },
			() => {
				if (this.#state === "open") this.destroy();
			}
		);
		return this.#backpressure;
	}

	/** Calls back once when the client has taken what was written; never if the stream ends before. */
	onDrain(callback: () => void): void {
		this.#underPressure().onReady(callback);
	}

	/** Ends the stream in order: `sse.close`, then the end of the response. */
	end(reason: CloseReason, { grace = END_GRACE, retry }: EndOptions = {}): void {
		if (this.#state !== "open") return;
		if (this.pending !== undefined) this.write(this.pending);
		this.flush();
		this.#backpressure?.writeAll();
		// Flushing may have been too much for the client.
		if (!this.#endOnce()) return;
		this.#transport.write(new Batch(closeFrame(reason, retry)));
		this.#deadline = new Patience(grace, () => this.destroy());
		this.#transport.end();
	}

	/**
	 * Takes no more events from now on, and ends: with `sse.close` if the client has taken all that was
	 * written, else by cutting it off, so that what is unsent is never sent. What ends already, in order, is cut off
	 * too; what was revoked before has been told why.
	 */
	revoke(reason: CloseReason): void {
		if (this.#isRevoked || this.#state === "closed") return;
		this.#isRevoked = true;
		if (!this.#endOnce()) {
			this.cutOff();
			return;
		}
		// What Node corks in this turn is on its way; what is left behind it, the client does not take.
		setImmediate(() => {
			if (this.#state === "closed") return;
			if (this.#transport.unsent > 0) return this.cutOff();
			if (this.pending !== undefined) this.#transport.write(new Batch(this.pending));
			this.#transport.write(new Batch(closeFrame(reason)));
			this.#deadline = new Patience(END_GRACE, () => this.destroy());
			this.#transport.end();
		});
	}

	/** Ends a stream whose time has come: with its session, what is unsent is not for its client any more. */
	expire(): void {
		if (this.endsBy === "expired" || Date.now() >= this.sessionEnd) this.revoke("expired");
		else this.end(this.endsBy);
	}

	/** As {@link destroy}, and what the system has buffered for the client goes too where it can. */
	cutOff(): void {
		this.#transport.reset();
		this.destroy();
	}

	/** Ends the stream at once, because what is done for it has thrown; that is reported. */
	fail(error: unknown): void {
		this.#transport.fail(error);
	}

	/** Ends the stream at once: what is unsent is dropped, the client sees a broken connection. */
	destroy(): void {
		if (this.#state === "closed") return;
		this.#endOnce();
		this.#transport.destroy();
	}

	/** Takes no more events; whether it did until now. */
	#endOnce(): boolean {
		if (this.#state !== "open") return false;
		this.#state = "ending";
		this.#batch = undefined;
		this.#backpressure?.drop();
		this.#onEnd(this);
		return true;
	}

	#closed(): void {
		this.#endOnce();
		if (this.#state === "closed") return;
		this.#state = "closed";
		this.#transport.release();
		this.#deadline?.stop();
		this.#backpressure?.release();
		this.#onClose(this);
	}
}
