import type { Channel, ConsumeMessage } from "amqplib";

/** Messages that RabbitMQ sends before they are acknowledged, and how many are acknowledged at a time. */
export const PREFETCH = 500;
const TOGETHER = 100;

/** Acknowledges only what has been passed on. That removes nothing from the RabbitMQ stream; it makes room for more. */
export class Acknowledgements {
	/** Messages that were passed on and not acknowledged yet; the newest of them. */
	#count = 0;
	#newest: ConsumeMessage | undefined;

	/** A message of this channel was passed on, or is not to be. */
	add(channel: Channel, message: ConsumeMessage): void {
		this.#newest = message;
		if (++this.#count >= TOGETHER) this.send(channel);
	}

	/** Acknowledges all. Throws if the channel, or its connection, is about to close. */
	send(channel: Channel): void {
		if (this.#newest !== undefined) channel.ack(this.#newest, true);
		this.clear();
	}

	/** The channel is lost: RabbitMQ sends again what was not acknowledged. */
	clear(): void {
		this.#newest = undefined;
		this.#count = 0;
	}
}
