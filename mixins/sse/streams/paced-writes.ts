import type { GatewayCounters } from "../core/metrics/counters.ts";
import type { Batch } from "../http/encoding/batch.ts";
import type { Transport } from "../http/transport.ts";
import { WAITING_BYTES } from "./backlog.ts";
import { UnsentWrites } from "./unsent-writes.ts";

/** The writes to a client that has not taken everything: what of them is unsent, and whether the client takes it. */
export class PacedWrites {
	readonly #transport: Transport;
	readonly #counters: Pick<GatewayCounters, "bytesEncoded">;
	readonly #onGone: () => void;
	/** Writes after others that have not left the process. */
	#count = 0;
	readonly #unsent: UnsentWrites;
	/** Since when the client has taken nothing, and the value of `taken` at that time. */
	#stall: { taken: number; since: number } | undefined;

	/**
	 * @param lastFirst See {@link UnsentWrites}.
	 * @param onGone Called when every write that reports has left the process.
	 */
	constructor(
		transport: Transport,
		lastFirst: number,
		counters: Pick<GatewayCounters, "bytesEncoded">,
		onGone: () => void
	) {
		this.#transport = transport;
		this.#unsent = new UnsentWrites(lastFirst);
		this.#counters = counters;
		this.#onGone = onGone;
	}

	/** Position of the first event that was written and may not have left the process; 0 = none. */
	get first(): number {
		return this.#transport.hasUnsent ? this.#unsent.first : 0;
	}

	/**
	 * Whether a batch must wait for something that the client has not taken. Far below the socket's high-water mark, some
	 * writes are still made: one is under way, and the first one after it reports when both are gone.
	 */
	get mustWait(): boolean {
		return this.#transport.isBlocked || (this.#count > 0 && this.#transport.unsent > 0);
	}

	/** Whether the client has caught up: at most `maxBytes` are unsent, or a single write. */
	hasCaughtUp(maxBytes: number): boolean {
		const { isBlocked, unsent } = this.#transport;
		return !isBlocked && (this.#count === 0 || unsent <= maxBytes);
	}

	/** Bytes that the client has not taken, including what it takes to keep them. */
	get held(): number {
		return this.#transport.unsent + this.#count * WAITING_BYTES;
	}

	/**
	 * Whether the client has taken nothing for `timeout` milliseconds, though something is unsent. Call this now and then.
	 *
	 * @param now On a clock that stands still while the process does not run.
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

	/** A batch that is written after something unsent waits there, and reports when it is gone, if the transport can. */
	write(batch: Batch): void {
		const { unsent, tells } = this.#transport;
		this.#counters.bytesEncoded += batch.byteLength;
		if (unsent === 0) {
			this.#unsent.wroteFirst(batch.first);
			this.#transport.write(batch);
		} else if (tells) {
			this.#count++;
			this.#unsent.wroteTelling(batch.first);
			this.#transport.write(batch.toWait(), this.#onWritten);
		} else {
			this.#unsent.wroteUntold(batch.first);
			this.#transport.write(batch.toWait());
		}
	}

	/** A write is gone, or failed because the stream is over. */
	readonly #onWritten = (error?: Error | null): void => {
		this.#count--;
		if (!error) this.#unsent.told();
		if (this.#count === 0 && !error) this.#onGone();
	};
}
