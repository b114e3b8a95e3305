import type { Transport } from "../http/transport.ts";

/** Knows since when a client has taken nothing though something is unsent. */
export class StallWatch {
	readonly #transport: Pick<Transport, "unsent" | "taken">;
	/** Since when, and at which value of `taken`. */
	#stall: { taken: number; since: number } | undefined;

	constructor(transport: Pick<Transport, "unsent" | "taken">) {
		this.#transport = transport;
	}

	/**
	 * Whether that has been so for `timeout` milliseconds. Call this now and then.
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
}
