import type { Frame } from "../core/event/frame.ts";
import type { GatewayCounters } from "../core/metrics/counters.ts";
import { type DropReason, type EndReason, SLOW } from "../core/metrics/label-values.ts";
import type { StreamRequest, StreamResponse } from "../http/connection.ts";
import { createTransport } from "../http/create-transport.ts";
import { Batch } from "../http/encoding/batch.ts";
import type { Gzip } from "../http/encoding/gzip.ts";
import { GzipBody } from "../http/encoding/gzip-body.ts";
import type { Transport } from "../http/transport.ts";
import { Backpressure, type BackpressureOptions, type SlowLoss } from "./backpressure.ts";
import type { Flush, Flushable } from "./flush.ts";
import type { UnwrittenEvents } from "./unwritten-events.ts";

export interface StreamWriterOptions extends Omit<BackpressureOptions, "lastFirst"> {
	/** The writes of the gateway. */
	flush: Flush;
	/** Compresses the stream, if its client accepts that; the head says so. */
	gzip?: Gzip | undefined;
	/** Something between a stream and its client has thrown; the stream is over. */
	onError(error: unknown): void;
}

/**
 * Decides when a stream's frames are written: at the end of a turn of the event loop, at once, or as its client takes them. A
 * stream extends this class instead of having an instance, because one more object would cost every write.
 */
export abstract class StreamWriter implements Flushable {
	readonly maxUnsentBytes: number;
	protected readonly transport: Transport;
	/** Set once its client was behind: most never are, and one more object would cost every write. */
	#backpressure: Backpressure | undefined;
	readonly #policy: BackpressureOptions["policy"];
	readonly #flush: Flush;
	/** What it got in this turn of the event loop. */
	#batch: Batch | undefined;
	/** {@link Batch.first} of the last write. */
	#lastFirst = 0;
	/** Whether it was written to since the last check for silence. */
	#isWritten = true;
	/** `performance.now()` of the check that first found it silent. */
	#silentSince = 0;

	protected constructor(
		request: StreamRequest,
		response: StreamResponse,
		{ maxUnsentBytes, policy, flush, gzip, onError }: StreamWriterOptions
	) {
		this.transport = createTransport(request, response, {
			gzip: gzip && new GzipBody(gzip),
			onClose: () => this.close(),
			onError
		});
		this.maxUnsentBytes = maxUnsentBytes;
		this.#policy = policy;
		this.#flush = flush;
	}

	/** Whether frames are taken. */
	abstract get isOpen(): boolean;

	/** Whether frames come as they are sent; whoever writes others checks the client's pace. */
	protected abstract get isLive(): boolean;

	/** Ends at once, for example because the client is too slow. */
	abstract destroy(why?: EndReason): void;

	/** The connection has closed. */
	protected abstract close(): void;

	/** Whether something waits for its client to take it. */
	get isBehind(): boolean {
		return this.#backpressure?.isBehind ?? this.transport.unsent > 0;
	}

	/** See {@link Backpressure.loss}. */
	get loss(): SlowLoss | undefined {
		return this.#backpressure?.loss;
	}

	/** Bytes that wait in this process for its client to take them. */
	get unsent(): number {
		return this.#backpressure?.unsent ?? this.transport.unsent;
	}

	/** Why events are dropped for which the client is too slow. */
	protected get slowReason(): DropReason {
		return SLOW[this.#policy];
	}

	/** The counters of the gateway's streams. */
	protected get counters(): GatewayCounters {
		return this.#flush.counters;
	}

	/** Position of the first event that may not have left the process; 0 = none. */
	get unsentFirst(): number {
		const written = this.transport.hasUnsent ? this.#lastFirst : 0;
		return (this.#backpressure?.unsentFirst ?? written) || (this.#batch?.first ?? 0);
	}

	/** Position of the first event that is not even written; 0 = none. */
	protected get waitingFirst(): number {
		return (this.#backpressure?.waitingFirst ?? 0) || (this.#batch?.first ?? 0);
	}

	/** See {@link Backpressure.unwrittenEvents}. */
	get unwrittenEvents(): UnwrittenEvents | undefined {
		return this.#backpressure?.unwrittenEvents;
	}

	/** See {@link Backpressure.expire}. */
	protected expired(from: number, to: number): void {
		this.#underPressure().expire(from, to);
	}

	/** See {@link PacedWrites.isStalled}. */
	isStalled(now: number, timeout: number): boolean {
		return this.isBehind && this.#underPressure().isStalled(now, timeout);
	}

	/** Whether it is live and nothing has been written to it for `interval` milliseconds. Call this now and then. */
	isSilent(now: number, interval: number): boolean {
		if (this.#isWritten || !this.isLive || this.isBehind) {
			this.#isWritten = false;
			this.#silentSince = now;
			return false;
		}
		return now - this.#silentSince >= interval;
	}

	/** Writes what it was given and has not written yet. */
	flush(): void {
		const batch = this.#batch;
		if (batch === undefined) return;
		this.#batch = undefined;
		this.#put(batch);
	}

	/** Has a frame written at the end of this turn of the event loop. */
	protected writeLater(frame: Frame, key?: string, position?: number): void {
		this.#isWritten = true;
		if (this.#batch === undefined) {
			this.#batch = this.#flush.first(frame, key, position);
			this.#flush.add(this);
		} else {
			this.#batch = this.#batch.and(frame, key, position);
		}
		// What waits is bounded in the same way as what is unsent.
		if (this.#batch.byteLength > this.maxUnsentBytes) this.flush();
	}

	/**
	 * Writes frames, at least one, at once and in one call, after what was to be written later.
	 *
	 * @param first See {@link Batch.first}.
	 */
	protected writeNow(frames: readonly Frame[], first = 0): void {
		this.flush();
		// The flush may have been too much for the client.
		if (!this.isOpen) return;
		this.#isWritten = true;
		this.#put(Batch.of(frames, first));
	}

	/** Whether the client has caught up far enough for more to be written at its pace. */
	get isReady(): boolean {
		return this.#backpressure?.isReady ?? !this.transport.isBlocked;
	}

	/** See {@link Backpressure.onReady}. */
	protected onReady(callback: () => void): void {
		this.#underPressure().onReady(callback);
	}

	/** Writes everything that waits, whether or not the client takes it. */
	protected writeAll(): void {
		this.flush();
		this.#backpressure?.writeAll();
	}

	/**
	 * Drops what waits: no more frames are taken.
	 *
	 * @returns Number of dropped frames, without those that Node has already.
	 */
	protected drop(): number {
		const count = (this.#batch?.count ?? 0) + (this.#backpressure?.drop() ?? 0);
		this.#batch = undefined;
		return count;
	}

	/** Writes the very last frame. */
	protected writeLast(frame: Frame): void {
		this.#transmit(new Batch(frame));
	}

	#transmit(batch: Batch): void {
		this.#flush.counters.bytesEncoded += batch.byteLength;
		this.transport.write(batch);
	}

	/** Releases the rest, when the connection has closed. */
	protected release(): void {
		this.transport.release();
		this.#backpressure?.release();
	}

	/** Called from timers and by other streams, so it does not throw. */
	#put(batch: Batch): void {
		try {
			if (this.#backpressure === undefined && this.transport.unsent === 0) {
				this.#lastFirst = batch.first;
				this.#transmit(batch);
			} else {
				this.#underPressure().put(batch, !this.isLive);
			}
		} catch (error) {
			this.transport.fail(error);
		}
	}

	#underPressure(): Backpressure {
		this.#backpressure ??= new Backpressure(
			this.transport,
			{
				maxUnsentBytes: this.maxUnsentBytes,
				policy: this.#policy,
				lastFirst: this.transport.unsent > 0 ? this.#lastFirst : 0
			},
			this.#flush.counters,
			() => {
				if (this.isOpen) this.destroy("slow");
			}
		);
		return this.#backpressure;
	}
}
