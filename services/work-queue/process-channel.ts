import { EventEmitter } from "node:events";
import type { ConsumeMessage } from "amqplib";

type Consumer = (message: ConsumeMessage) => unknown;

/** One queue: what waits, and whom it waits for. */
interface Line {
	readonly waiting: ConsumeMessage[];
	consumer: Consumer | null;
	/** Taken by the consumer, and neither acknowledged nor rejected yet. */
	taken: ConsumeMessage | null;
}

/**
 * The methods of an amqplib channel that moleculer-amqp calls, on queues in this process: one message at a
 * time for each consumer, and a message that is rejected with `requeue` is the next one. What waits is lost
 * with the process.
 */
export class ProcessChannel extends EventEmitter {
	/** As a channel of amqplib has it. */
	readonly connection: { close(): void } = { close: () => this.close() };
	readonly #lines = new Map<string, Line>();
	#isClosed = false;

	/** Jobs that are lost if the channel is closed now. */
	get size(): number {
		let size = 0;
		for (const { waiting, taken } of this.#lines.values()) {
			size += waiting.length + (taken === null ? 0 : 1);
		}
		return size;
	}

	async prefetch(): Promise<void> {}

	async assertQueue(queue: string): Promise<{ queue: string; messageCount: number }> {
		return { queue, messageCount: this.#line(queue).waiting.length };
	}

	async consume(queue: string, consumer: Consumer): Promise<void> {
		this.#line(queue).consumer = consumer;
		this.#deliver(queue);
	}

	sendToQueue(queue: string, content: Buffer, properties: object = {}): boolean {
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
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.emit("close");
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

	/** Hands on the oldest message, in a turn of its own: as with RabbitMQ, who sends goes on first. */
	#deliver(queue: string): void {
		setImmediate(() => {
			const line = this.#line(queue);
			if (this.#isClosed || line.consumer === null || line.taken !== null) return;
			line.taken = line.waiting.shift() ?? null;
			if (line.taken !== null) line.consumer(line.taken);
		});
	}
}
