import { setNewest } from "../../../core/collections/set-newest.ts";

/** Most senders that are remembered; beyond that, those silent longest are forgotten. */
const MAX_SENDERS = 10_000;

/**
 * Determines the latest time at which a late message was sent. Its sender's clock alone is not enough, because it may be slow.
 * But messages that arrive at once show by how much, and what is before a message on a RabbitMQ stream was sent before it.
 *
 * All times are milliseconds since 1970; 0 = the sender gave none.
 */
export class SendTimes {
	/** The latest time that any sender has given. */
	#newest = 0;
	/** By sender: how slow its clock seemed when a message of it arrived at once, including the time of transport. */
	readonly #behind = new Map<string, number>();

	/** Notes a message that has arrived at once. */
	cameAtOnce(sender: string, timestamp: number, now: number): void {
		if (timestamp === 0) return;
		this.#newest = Math.max(this.#newest, timestamp);
		setNewest(this.#behind, sender, now - timestamp, MAX_SENDERS);
	}

	/** Notes a message that has arrived late. @returns The latest time at which it was sent. */
	ofLate(sender: string, timestamp: number): number {
		this.#newest = Math.max(this.#newest, timestamp);
		return Math.max(this.#newest, timestamp + Math.max(0, this.#behind.get(sender) ?? 0));
	}
}
