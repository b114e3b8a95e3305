import { resetFrame } from "../core/event/control-events.ts";
import type { GatewayCounters } from "../core/metrics/counters.ts";
import { SLOW } from "../core/metrics/label-values.ts";
import type { BufferPolicy } from "../core/options/buffer-options.ts";
import { Batch } from "../http/encoding/batch.ts";
import type { Transport } from "../http/transport.ts";
import { Backlog } from "./backlog.ts";
import { GatheredBatches } from "./gathered-batches.ts";
import { PacedWrites } from "./paced-writes.ts";
import { UnsentLimit } from "./unsent-limit.ts";
import { UnwrittenEvents } from "./unwritten-events.ts";

export interface BackpressureOptions {
	/** Bytes that may be unsent, including what it takes to keep them; beyond that the policy applies. */
	maxUnsentBytes: number;
	policy: BufferPolicy;
	/** Position of the first event of the last write, if that may be unsent; 0 = none. */
	lastFirst: number;
}

/**
 * What a client loses by being slow: `dropped` if it was cut off with unsent bytes, `reset` if events were left out, which it
 * is told next.
 */
export type SlowLoss = "dropped" | "reset";

/** Bytes of the backlog that are written at a time. */
const SLICE = 65_536;

/** Handles a stream's events while its client is slower than they are. */
export class Backpressure {
	readonly #maxUnsentBytes: number;
	readonly #policy: BufferPolicy;
	readonly #transport: Transport;
	readonly #counters: GatewayCounters;
	readonly #limit: UnsentLimit;
	/** Frames that wait for a slow client, unless the policy is to disconnect it. */
	#backlog: Backlog | undefined;
	/** Small batches for a client that is disconnected if it does not take them. */
	readonly #gatheredBatches: GatheredBatches;
	readonly #writes: PacedWrites;
	/** The events that were lost; undefined if nothing ever waited. */
	#unwritten: UnwrittenEvents | undefined;
	/** Called once the client has taken what was written. */
	#onReady: (() => void) | undefined;

	/** @param onTooSlow Called when the client is to be disconnected. */
	constructor(
		transport: Transport,
		{ maxUnsentBytes, policy, lastFirst }: BackpressureOptions,
		counters: GatewayCounters,
		onTooSlow: () => void
	) {
		this.#transport = transport;
		this.#maxUnsentBytes = maxUnsentBytes;
		this.#policy = policy;
		this.#counters = counters;
		this.#writes = new PacedWrites(transport, lastFirst, counters, this.#goOn);
		this.#gatheredBatches = new GatheredBatches(transport, this.#writes, this.#goOn);
		this.#limit = new UnsentLimit(maxUnsentBytes, () => this.#held, onTooSlow);
	}

	/** Whether something waits for the client to take it. */
	get isBehind(): boolean {
		return this.#backlog !== undefined || this.#transport.unsent > 0;
	}

	/** See {@link SlowLoss}. */
	get loss(): SlowLoss | undefined {
		if (this.#limit.hasBrokenOff) return "dropped";
		return this.#backlog?.hasLost === true ? "reset" : undefined;
	}

	/** Bytes that wait in this process for the client to take them. */
	get unsent(): number {
		return this.#transport.unsent + this.#gatheredBatches.bytes + (this.#backlog?.bytes ?? 0);
	}

	/** The events that it was given and never wrote. */
	get unwrittenEvents(): UnwrittenEvents | undefined {
		return this.#unwritten;
	}

	/** Position of the first event that waits here; 0 = none. */
	get waitingFirst(): number {
		return this.#gatheredBatches.first || (this.#backlog?.first ?? 0);
	}

	/** Position of the first event that waits here or may not have left the process; 0 = none. */
	get unsentFirst(): number {
		return this.#writes.first || this.waitingFirst;
	}

	/** Whether the client has caught up far enough for more to be written at its pace. */
	get isReady(): boolean {
		return this.#backlog === undefined && this.#writes.hasCaughtUp(this.#maxUnsentBytes / 2);
	}

	/** Calls back once when the client {@link isReady}; never if the stream stops taking events first. */
	onReady(callback: () => void): void {
		this.#onReady = callback;
		this.#transport.onDrain(this.#goOn);
	}

	/** See {@link PacedWrites.isStalled}. */
	isStalled(now: number, timeout: number): boolean {
		return this.#writes.isStalled(now, timeout);
	}

	/**
	 * Writes a batch, or has it wait, as the policy says.
	 *
	 * @param isPaced Whether the writer checks {@link isReady}: then the batch waits only for what came before it.
	 */
	put(batch: Batch, isPaced: boolean): void {
		if (this.#transport.unsent === 0) this.#goOn();
		if (this.#policy === "disconnect" || (isPaced && this.#backlog === undefined)) {
			if (this.#policy === "disconnect" && this.#limit.breaksOff()) {
				this.#dropped(batch.count);
				return;
			}
			if (!this.#gatheredBatches.isEmpty || (!isPaced && this.#writes.mustWait))
				this.#gatheredBatches.add(batch);
			else this.#writes.write(batch);
		} else if (this.#backlog !== undefined || this.#writes.mustWait) {
			this.#keep(batch);
		} else {
			this.#writes.write(batch);
		}
	}

	/** Writes what waits, whether or not the client takes it. */
	writeAll(): void {
		this.#gatheredBatches.write();
		this.#catchUp(true);
	}

	/** Notes events that were to be replayed but are no longer kept. @param to Position after the last one. */
	expire(from: number, to: number): void {
		this.#unwritten ??= new UnwrittenEvents();
		this.#unwritten.expire(from, to);
	}

	/**
	 * Drops what waits: the stream takes no more events.
	 *
	 * @returns Number of dropped frames.
	 */
	drop(): number {
		const count = this.#gatheredBatches.count + (this.#backlog?.length ?? 0);
		this.#backlog = undefined;
		this.#gatheredBatches.drop();
		this.#onReady = undefined;
		return count;
	}

	#dropped(count: number): void {
		this.#counters.eventsDropped.add(SLOW[this.#policy], count);
	}

	/** Nothing is left of the stream. */
	release(): void {
		this.#limit.release();
	}

	/** Bytes that the client has not taken, including what it takes to keep them. */
	get #held(): number {
		return this.#writes.held + this.#gatheredBatches.bytes;
	}

	/** Writes what has waited until now. */
	readonly #goOn = (): void => {
		try {
			this.#gatheredBatches.write();
			this.#catchUp();
			const onReady = this.#onReady;
			if (onReady === undefined || !this.isReady) return;
			this.#onReady = undefined;
			onReady();
		} catch (error) {
			this.#transport.fail(error);
		}
	};

	/** Has frames wait until the client has taken what was written, and drops what is too much. */
	#keep(batch: Batch): void {
		if (this.#backlog === undefined) {
			this.#unwritten ??= new UnwrittenEvents();
			this.#backlog = new Backlog(this.#unwritten);
			this.#transport.onDrain(this.#goOn);
		}
		const backlog = this.#backlog;
		const kept = backlog.length + batch.count;
		batch.pushTo(backlog, this.#policy === "conflate");
		this.#counters.eventsDropped.add("conflated", kept - backlog.length);
		// One large event that is under way must not cause everything after it to be dropped.
		const underway = Math.min(this.#held, this.#maxUnsentBytes / 2);
		this.#dropped(backlog.trim(this.#maxUnsentBytes - underway));
	}

	/** Writes what waits, for as long as the client takes it; `all`: in any case. */
	#catchUp(all = false): void {
		const backlog = this.#backlog;
		if (backlog === undefined) return;
		while (all || !this.#writes.mustWait) {
			if (backlog.isEmpty) {
				this.#backlog = undefined;
				return;
			}
			// Without a resume token: the frames after it are still to come.
			if (backlog.takeLoss()) {
				this.#writes.write(new Batch(resetFrame("gap")));
				this.#counters.resetsSent.add("gap");
			}
			const { first } = backlog;
			this.#writes.write(Batch.of(backlog.take(Math.min(SLICE, this.#maxUnsentBytes / 2)), first));
		}
		this.#transport.onDrain(this.#goOn);
	}
}
