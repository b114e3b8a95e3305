import type { Channel, ConsumeMessage } from "amqplib";
import type { OpenChannel } from "./reconnecting-channel.ts";

type Consumer = (message: ConsumeMessage) => unknown;

/** A queue. */
interface Line {
	readonly waiting: ConsumeMessage[];
	consumer: Consumer | null;
	/** The message that the consumer has neither acknowledged nor rejected yet. */
	taken: ConsumeMessage | null;
}

/**
 * The methods of an amqplib channel that moleculer-amqp calls, on queues in this process. A consumer gets one message at a time,
 * and a message that is rejected with `requeue` is its next one. What waits is lost when the channel closes.
 */
export class ProcessChannel {
	readonly #lines = new Map<string, Line>();
	#isClosed = false;

	/** Messages that wait, or have not been answered. */
	get size(): number {
		let size = 0;
		for (const { waiting, taken } of this.#lines.values()) {
			size += waiting.length + (taken === null ? 0 : 1);
		}
		return size;
	}

	async prefetch(): Promise<void> {}

	async assertQueue(queue: string): Promise<{ queue: string; messageCount: number }> {
		this.#throwIfClosed();
		return { queue, messageCount: this.#line(queue).waiting.length };
	}

	async consume(queue: string, consumer: Consumer): Promise<void> {
		this.#line(queue).consumer = consumer;
		this.#deliver(queue);
	}

	sendToQueue(queue: string, content: Buffer, properties: object = {}): boolean {
		this.#throwIfClosed();
		const fields = { routingKey: queue };
		this.#line(queue).waiting.push({ content, properties, fields } as ConsumeMessage);
		this.#deliver(queue);
		return true;
	}

	ack(message: ConsumeMessage): void {
		this.#release(message);
	}

	nack(message: ConsumeMessage, _allUpTo: boolean, requeue: boolean): void {
		if (requeue) this.#line(message.fields.routingKey).waiting.unshift(message);
		this.#release(message);
	}

	close(): void {
		this.#isClosed = true;
	}

	#throwIfClosed(): void {
		if (this.#isClosed) throw new Error("The channel is closed.");
	}

	#line(queue: string): Line {
		const known = this.#lines.get(queue);
		if (known !== undefined) return known;
		const line: Line = { waiting: [], consumer: null, taken: null };
		this.#lines.set(queue, line);
		return line;
	}

	#release({ fields: { routingKey } }: ConsumeMessage): void {
		this.#line(routingKey).taken = null;
		this.#deliver(routingKey);
	}

	/** Delivers the oldest message in a later turn of the event loop: as with RabbitMQ, its sender continues first. */
	#deliver(queue: string): void {
		setImmediate(() => {
			const line = this.#line(queue);
			if (this.#isClosed || line.consumer === null || line.taken !== null) return;
			line.taken = line.waiting.shift() ?? null;
			if (line.taken !== null) line.consumer(line.taken);
		});
	}
}

/** Opens a channel to queues that are new, and empty. */
export async function openProcessChannel(): Promise<OpenChannel> {
	const channel = new ProcessChannel();
	return {
		channel: channel as unknown as Channel,
		lost: new Promise<never>(() => {}),
		close: async () => channel.close()
	};
}
