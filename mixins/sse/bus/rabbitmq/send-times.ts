import { setNewest } from "../../core/collections/set-newest.ts";

/** Senders remembered; past them those silent longest are forgotten. */
const MAX_SENDERS = 10_000;

/**
 * When what comes late was sent, at the latest. Its sender's clock alone does not say: it may be behind. But what comes
 * at once shows how far it is, and what stands before it on a stream was sent before.
 *
 * All times are milliseconds since 1970; 0 = the sender has not said.
 */
export class SendTimes {
	/** The latest that any sender has said. */
	#newest = 0;
	/** By sender: by how much its clock seemed to be behind when something of it came at once, the way included. */
	readonly #behind = new Map<string, number>();

	/** Takes note of what has come at once. */
	cameAtOnce(sender: string, timestamp: number, now: number): void {
		if (timestamp === 0) return;
		this.#newest = Math.max(this.#newest, timestamp);
		setNewest(this.#behind, sender, now - timestamp, MAX_SENDERS);
	}

	/** Takes note of what has come late, and says when it was sent. */
	ofLate(sender: string, timestamp: number): number {
		this.#newest = Math.max(this.#newest, timestamp);
		return Math.max(this.#newest, timestamp + Math.max(0, this.#behind.get(sender) ?? 0));
	}
}
