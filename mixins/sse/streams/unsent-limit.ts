import { Patience } from "../http/patience.ts";

/** Milliseconds for which a burst may exceed the limit, and the factor by which it may. */
const BURST_TIME = 250;
const BURST = 8;

/** Limits how much a client may leave unsent before it is disconnected: even a client that reads needs a moment for a burst. */
export class UnsentLimit {
	readonly #maxBytes: number;
	readonly #unsent: () => number;
	readonly #onTooSlow: () => void;
	/** Runs while the limit is exceeded, to check later whether that was only for a moment. */
	#suspicion: Patience | undefined;
	#hasBrokenOff = false;

	/**
	 * @param unsent Returns the bytes that are unsent now.
	 * @param onTooSlow Called when the client is to be disconnected.
	 */
	constructor(maxBytes: number, unsent: () => number, onTooSlow: () => void) {
		this.#maxBytes = maxBytes;
		this.#unsent = unsent;
		this.#onTooSlow = onTooSlow;
	}

	/**
	 * Call this before each write: what is about to be written does not count. A frame that alone exceeds the limit could
	 * otherwise never be delivered, and the client would come back for it for ever.
	 *
	 * @returns Whether the client is disconnected now.
	 */
	breaksOff(): boolean {
		const unsent = this.#unsent();
		if (unsent <= this.#maxBytes) return false;
		if (unsent > this.#maxBytes * BURST) {
			this.#breakOff();
			return true;
		}
		this.#suspicion ??= new Patience(BURST_TIME, this.#lookAgain);
		return false;
	}

	/** Whether the client was disconnected. */
	get hasBrokenOff(): boolean {
		return this.#hasBrokenOff;
	}

	/** Nothing is left of the stream. */
	release(): void {
		this.#suspicion?.stop();
	}

	/** Only what is still unsent after a burst is the client's fault. */
	readonly #lookAgain = (): void => {
		this.#suspicion = undefined;
		if (this.#unsent() > this.#maxBytes) this.#breakOff();
	};

	#breakOff(): void {
		this.#hasBrokenOff = true;
		this.#onTooSlow();
	}
}
