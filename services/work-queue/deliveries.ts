import type { Channel, ConsumeMessage } from "amqplib";

interface Delivery {
	readonly channel: Channel;
	/** Whether the message can still be answered: its channel is open. */
	isOpen: boolean;
	readonly lease: AbortController;
	working: Promise<void> | undefined;
}

/** The messages that this node works on, each with the channel over which it came. */
export class Deliveries {
	readonly #deliveries = new Map<ConsumeMessage, Delivery>();

	/** The signal aborts when the message is no longer this node's. */
	add(message: ConsumeMessage, channel: Channel): AbortSignal {
		const lease = new AbortController();
		this.#deliveries.set(message, { channel, isOpen: true, lease, working: undefined });
		return lease.signal;
	}

	/** Remembers the work on a message until it ends. */
	work(message: ConsumeMessage, working: Promise<void>): void {
		const delivery = this.#deliveries.get(message);
		if (delivery === undefined) return;
		delivery.working = working.finally(() => this.#deliveries.delete(message));
	}

	/**
	 * Answers a message if its channel is still open. If it is not, the message has gone back to the queue, and there is
	 * nothing to answer: on another channel its number is another message's.
	 */
	settle(message: ConsumeMessage, answer: (channel: Channel) => void): void {
		const delivery = this.#deliveries.get(message);
		if (delivery?.isOpen) answer(delivery.channel);
	}

	/** Takes back everything that is worked on; it can still be answered. */
	revoke(): void {
		for (const { lease } of this.#deliveries.values()) lease.abort();
	}

	/** Takes back what came over a channel that must not be used any more. */
	channelLost(channel: Channel): void {
		for (const delivery of this.#deliveries.values()) {
			if (delivery.channel !== channel) continue;
			delivery.isOpen = false;
			delivery.lease.abort();
		}
	}

	/** Resolves when no message is worked on. */
	async settled(): Promise<void> {
		await Promise.all([...this.#deliveries.values()].map(({ working }) => working));
	}
}
