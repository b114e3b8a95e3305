import { Backlog } from "../core/backlog.ts";
import { resetFrame } from "../core/control.ts";
import type { BufferPolicy } from "../core/options.ts";
import { Batch } from "./batch.ts";
import type { Transport } from "./transport.ts";

export interface BackpressureOptions {
	/** Bytes that may be unsent; what happens past them is up to the policy. */
	maxUnsentBytes: number;
	policy: BufferPolicy;
}

/** Milliseconds for which a burst may exceed the bound, and the times by which it may. */
const BURST_TIME = 250;
const BURST = 8;

/** Bytes of what waits that are written at a time. */
const SLICE = 65_536;

/**
 * Batches of fewer bytes wait until there are so many of them: to Node, a write of its own costs more than it
 * holds.
 */
const SMALL = 1024;
const GATHERED = 4096;

/** What becomes of a stream's events while its client is slower than they are. */
export class Backpressure {
	readonly #maxUnsentBytes: number;
	readonly #policy: BufferPolicy;
	readonly #transport: Transport;
	readonly #onTooSlow: () => void;
	/** What waits for a slow client, unless the policy is to disconnect it. */
	#backlog: Backlog | undefined;
	/** Small batches for a client that is to be disconnected if it does not take them. */
	#gathered: Batch | undefined;
	/** Since when, and after what, the client has taken nothing though something is unsent. */
	#stall: { taken: number; since: number } | undefined;
	/** The bound is exceeded; whether only for a moment is looked at behind it. */
	#suspicion: NodeJS.Timeout | undefined;

	/** @param onTooSlow Called when the client is to be disconnected. */
	constructor(
		transport: Transport,
		{ maxUnsentBytes, policy }: BackpressureOptions,
		onTooSlow: () => void
	) {
		this.#transport = transport;
		this.#maxUnsentBytes = maxUnsentBytes;
		this.#policy = policy;
		this.#onTooSlow = onTooSlow;
	}

	/** Whether something waits for the client to take it. */
	get isBehind(): boolean {
		return this.#backlog !== undefined || this.#transport.unsent > 0;
	}

	/**
	 * Whether the client has taken nothing for so many milliseconds though something is unsent; to be asked now
	 * and then.
	 */
	isStalled(now: number, timeout: number): boolean {
		if (this.#transport.unsent === 0) {
			this.#stall = undefined;
			return false;
		}
		const { taken } = this.#transport;
		if (this.#stall?.taken !== taken) this.#stall = { taken, since: now };
		return now - this.#stall.since >= timeout;
	}

	/**
	 * Writes a batch, or has it wait, as the policy says.
	 *
	 * @param isPaced Whoever writes heeds the answer: nothing has to be dropped for this stream.
	 * @returns False if the client is slower than this.
	 */
	put(batch: Batch, isPaced: boolean): boolean {
		if (this.#policy === "disconnect" || isPaced) {
			if (this.#exceeds()) return false;
			if (this.#gathered !== undefined || (!isPaced && this.#transport.isBlocked)) {
				return this.#gather(batch);
			}
		} else if (this.#backlog !== undefined || this.#transport.isBlocked) {
			return this.#keep(batch);
		}
		return this.#write(batch);
	}

	/** Writes what waits, whether or not the client takes it. */
	writeAll(): void {
		this.#writeGathered();
		this.#catchUp(true);
	}

	/** Lets go of what waits: the stream takes no more events. */
	drop(): void {
		this.#backlog = undefined;
		this.#gathered = undefined;
	}

	/** Nothing of the stream is left. */
	release(): void {
		clearTimeout(this.#suspicion);
	}

	/** What is written behind something that is unsent waits there. */
	#write(batch: Batch): boolean {
		return this.#transport.write(this.#transport.unsent > 0 ? batch.toWait() : batch);
	}

	/** Has small batches wait for one another, and for the client, before they are written as one. */
	#gather(batch: Batch): boolean {
		if (batch.byteLength >= SMALL) {
			this.#writeGathered();
			return this.#write(batch);
		}
		if (this.#gathered === undefined) this.#transport.onDrain(() => this.#writeGathered());
		this.#gathered = batch.behind(this.#gathered);
		if (this.#gathered.byteLength >= GATHERED) this.#writeGathered();
		return false;
	}

	#writeGathered(): void {
		const gathered = this.#gathered;
		if (gathered === undefined) return;
		this.#gathered = undefined;
		this.#write(gathered);
	}

	/**
	 * A client that has more unsent than the bound for longer than a moment is disconnected. What is about
	 * to be written does not count: a frame that alone exceeds the bound could never be delivered, and the
	 * client would come back for it for ever.
	 */
	#exceeds(): boolean {
		const { unsent } = this.#transport;
		if (unsent <= this.#maxUnsentBytes) return false;
		if (unsent > this.#maxUnsentBytes * BURST) {
			this.#onTooSlow();
			return true;
		}
		this.#suspect();
		return false;
	}

	/** A burst takes a client that reads a moment: only what is unsent after it is the client's fault. */
	#suspect(): void {
		this.#suspicion ??= setTimeout(() => {
			this.#suspicion = undefined;
			if (this.#transport.unsent > this.#maxUnsentBytes) this.#onTooSlow();
		}, BURST_TIME);
	}

	/** Has frames wait until the client has taken what was written, and drops what is too much. */
	#keep(batch: Batch): boolean {
		if (this.#backlog === undefined) {
			this.#backlog = new Backlog();
			this.#transport.onDrain(() => this.#catchUp());
		}
		batch.pushTo(this.#backlog, this.#policy === "conflate");
		// One large event that is on its way must not have all that follows it dropped.
		const underway = Math.min(this.#transport.unsent, this.#maxUnsentBytes / 2);
		this.#backlog.trim(this.#maxUnsentBytes - underway);
		return false;
	}

	/** Writes what waits, for as long as the client takes it; `all`: whether or not. */
	#catchUp(all = false): void {
		const backlog = this.#backlog;
		if (backlog === undefined) return;
		while (all || !this.#transport.isBlocked) {
			if (backlog.isEmpty) {
				this.#backlog = undefined;
				return;
			}
			// Without a place: the frames behind it are still to come.
			if (backlog.takeLoss()) this.#write(new Batch(resetFrame("gap")));
			this.#write(Batch.of(backlog.take(SLICE)));
		}
		this.#transport.onDrain(() => this.#catchUp());
	}
}
