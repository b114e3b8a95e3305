import type { Channel, ConsumeMessage } from "amqplib";
import type { Service } from "moleculer";
import type moleculerAmqp from "moleculer-amqp";
import type { Deliveries } from "./deliveries.ts";
import type { WorkQueueSchema } from "./queue.ts";

type AmqpMethods = ReturnType<typeof moleculerAmqp>["methods"];
type Queue = WorkQueueSchema<unknown, Service>;

/** What consumers share with the service that they work for. */
export interface Work {
	readonly service: Service & { channel: Channel | null };
	readonly amqp: AmqpMethods;
	readonly deliveries: Deliveries;
	/** Has another channel opened in place of this one. */
	replace(channel: Channel, reason: Error): void;
}

/** Declares the service's queues on a channel, and begins to consume from it. Rejects if RabbitMQ refuses either. */
export async function startConsumers(work: Work, channel: Channel): Promise<void> {
	const { service, amqp } = work;
	// moleculer-amqp does not wait for its consumers: one that fails would end the process
	const consuming: Promise<unknown>[] = [];
	const consume = channel.consume.bind(channel);
	channel.consume = (...args) => {
		const consumer = consume(...args);
		consumer.catch(() => {});
		consuming.push(consumer);
		return consumer;
	};
	// The service as it is on this channel: moleculer-amqp asks it for its channel again after each wait. It would log each
	// failure with its stack; whoever waits for this logs an outage once.
	const onChannel = Object.assign(Object.create(service), {
		channel,
		logger: Object.assign(Object.create(service.logger), { error() {} }),
		processMessage: (queue: Queue) => (message: ConsumeMessage | null) =>
			takeMessage(work, channel, queue, message)
	});
	await amqp._setup.call(onChannel);
	await Promise.all(consuming);
}

function takeMessage(
	work: Work,
	channel: Channel,
	queue: Queue,
	message: ConsumeMessage | null
): void {
	const { service, deliveries, replace } = work;
	if (message === null) {
		replace(channel, new Error("a queue was deleted"));
		return;
	}
	// the node stops: a message that is not answered goes back to the queue when the channel closes
	if (channel !== service.channel) return;
	const signal = deliveries.add(message, channel);
	const working = workMessage(work, queue, message, signal).catch((error: Error) => {
		service.logger.error("A job was neither acknowledged nor rejected.", error);
		replace(channel, error);
	});
	deliveries.work(message, working);
}

/** Has moleculer-amqp check and work a message, and answer it on the channel over which it came. */
function workMessage(
	{ service, amqp, deliveries }: Work,
	queue: Queue,
	message: ConsumeMessage,
	signal: AbortSignal
): Promise<void> {
	let isJob = false;
	const handler = (job: unknown) => {
		isJob = true;
		return queue.handler.call(service, job, signal);
	};
	const errorStrategy = async (error: Error, job?: unknown) => {
		try {
			// What has failed before the handler is the check. It need not be by a ValidationError: the text of one is made of the
			// value, and a list in a list in a list, ten thousand deep, is too deep for that.
			return await queue.errorStrategy.call(service, error, isJob ? job : undefined);
		} catch (failure) {
			const text = "The error strategy of a failed job has failed itself: the job comes again.";
			service.logger.error(text, failure);
			return { requeue: true };
		}
	};
	// moleculer-amqp would answer on the channel of the moment, where the number of the delivery is another one's
	const answering = Object.assign(Object.create(service), {
		acceptMessage: () => deliveries.settle(message, channel => channel.ack(message)),
		rejectMessage: (_: ConsumeMessage, allUpTo: boolean, requeue: boolean) =>
			deliveries.settle(message, channel => channel.nack(message, allUpTo, requeue))
	});
	return amqp.processMessage.call(answering, { ...queue, handler, errorStrategy })(message);
}
