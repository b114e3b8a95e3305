import { once } from "node:events";
import type { Channel, ConsumeMessage } from "amqplib";
import { Errors, type Service, type ServiceSchema, type ServiceSettingSchema } from "moleculer";
import moleculerAmqp from "moleculer-amqp";
import { Deliveries } from "./deliveries.ts";
import { inTime } from "./in-time.ts";
import { ProcessChannel } from "./process-channel.ts";
import { full, unavailable } from "./queue-errors.ts";

/** Milliseconds between two attempts to reach RabbitMQ. */
const RECONNECT = 1000;
/** Milliseconds in which RabbitMQ has to take a connection, and to answer; and to say goodbye. */
const PATIENCE = 10_000;
const GOODBYE = 1000;
/** Milliseconds that a stopping node gives its workers to let go of their jobs. */
const LET_GO = 5000;
/** Jobs that wait, for all workers together, before further ones are refused. */
const MAX_WAITING = 1000;

/** A member of `queues` in the service's schema; its name is the queue's. */
export interface WorkQueueSchema<Job, This> {
	/** Arguments of amqplib's `assertQueue`. */
	queueOpts?: object;
	/** A schema of Moleculer's validator: other messages are no jobs. */
	params: Record<string, unknown>;
	/**
	 * Works one job. The job is acknowledged when the promise resolves. `signal` aborts when the job is no longer
	 * this node's: the node stops, or the connection over which the job came has closed.
	 */
	handler(this: This, job: Job, signal: AbortSignal): Promise<void>;
	/** Whether a job whose handler failed goes back to the queue; without `job`, the message was no JSON. */
	errorStrategy(this: This, error: Error, job?: Job): Promise<{ requeue: boolean }>;
}

/** A service with `workQueue` among its mixins. */
export interface WorkQueue {
	/**
	 * Puts a job on a queue of this service.
	 *
	 * @throws MoleculerError 503, `QUEUE_FULL` or `QUEUE_UNAVAILABLE`.
	 */
	put(queueName: string, job: object): Promise<void>;
}

interface State {
	channel: Channel | null;
	deliveries: Deliveries;
	stopping: boolean;
	reconnecting: NodeJS.Timeout | undefined;
	schema: { queues: Record<string, { queueOpts?: object }> };
}

interface Methods extends WorkQueue {
	sendToQueue(queueName: string, job: object, options: object): boolean;
	_connect(): Promise<void>;
	_setup(): Promise<void>;
}

/**
 * moleculer-amqp's work queues, on the RabbitMQ at `url`, or, where that is null, in this process: they differ in
 * where a job waits, and in nothing else. `docs/work-queues.md` says what this adds to moleculer-amqp, and why.
 */
export function workQueue(url: string | null): Partial<ServiceSchema> {
	const amqp = moleculerAmqp(url ?? "", { timeout: PATIENCE });

	const schema: Partial<ServiceSchema<ServiceSettingSchema, Methods, State>> = {
		mixins: [amqp],

		methods: {
			async put(queueName: string, job: object): Promise<void> {
				const { channel } = this;
				if (channel === null || this.stopping) throw unavailable(queueName);
				const queueOpts = this.schema.queues[queueName]?.queueOpts;
				try {
					const { messageCount } = await inTime(
						channel.assertQueue(queueName, queueOpts),
						PATIENCE
					);
					if (messageCount >= MAX_WAITING) throw full(queueName, MAX_WAITING);
					this.sendToQueue(queueName, job, { persistent: true });
					// moleculer-amqp has no confirms; but a channel's commands are answered in their order
					await inTime(channel.assertQueue(queueName, queueOpts), PATIENCE);
				} catch (error) {
					throw error instanceof Errors.MoleculerError ? error : unavailable(queueName);
				}
			},

			async _connect(): Promise<void> {
				if (url !== null) return amqp.methods._connect.call(this);
				this.logger.info("No RabbitMQ: jobs wait in this process, and are lost when it ends.");
				this.channel = new ProcessChannel() as unknown as Channel;
				await this._setup();
			},

			/** One attempt at a time, and none after the stop. */
			_reconnect(): void {
				if (this.stopping || this.reconnecting !== undefined) return;
				this.reconnecting = setTimeout(() => {
					this.reconnecting = undefined;
					this._connect();
				}, RECONNECT);
			},

			async _setup(): Promise<void> {
				const channel = this.channel as Channel;
				channel.on("error", error =>
					this.logger.warn(`The work queue's channel: ${error.message}`)
				);
				channel.once("close", () => {
					if (this.channel === channel) this.channel = null;
					this.deliveries.channelClosed(channel);
					// with its connection, so that moleculer-amqp notices, and connects anew
					disconnect(channel);
				});
				// moleculer-amqp does not wait for its consumers: one that fails would end the process
				const consuming: Promise<unknown>[] = [];
				const consume = channel.consume.bind(channel);
				channel.consume = (...args) => {
					const consumer = consume(...args);
					consumer.catch(() => {});
					consuming.push(consumer);
					return consumer;
				};
				try {
					if (this.stopping) throw new Error("the node stops");
					await amqp.methods._setup.call(this);
					await Promise.all(consuming);
				} catch (error) {
					disconnect(channel);
					throw error;
				}
			},

			processMessage(queue: WorkQueueSchema<unknown, Service>) {
				const channel = this.channel as Channel;
				return (message: ConsumeMessage | null): void => {
					if (message === null) {
						this.logger.warn("A work queue was deleted: it is declared anew.");
						disconnect(channel);
						return;
					}
					// what is left unanswered goes back to the queue when the channel closes
					if (this.stopping) return;
					const signal = this.deliveries.add(message, channel);
					const handler = (job: unknown) => queue.handler.call(this, job, signal);
					const errorStrategy = async (error: Error, job?: unknown) => {
						try {
							return await queue.errorStrategy.call(this, error, job);
						} catch (failure) {
							this.logger.error(
								"What becomes of a failed job is not known: it comes again.",
								failure
							);
							return { requeue: true };
						}
					};
					const options = { ...queue, handler, errorStrategy };
					const working = amqp.methods.processMessage.call(this, options)(message);
					this.deliveries.work(
						message,
						working.catch((error: Error) => {
							this.logger.error("A job was neither acknowledged nor rejected.", error);
							disconnect(channel);
						})
					);
				};
			},

			/** On the channel over which the message came: numbers of deliveries are the channel's. */
			acceptMessage(message: ConsumeMessage): void {
				this.deliveries.settle(message, channel => channel.ack(message));
			},

			rejectMessage(message: ConsumeMessage, allUpTo: boolean, requeue: boolean): void {
				this.deliveries.settle(message, channel => channel.nack(message, allUpTo, requeue));
			}
		},

		created() {
			this.channel = null;
			this.deliveries = new Deliveries();
			this.stopping = false;
		},

		/** Before moleculer-amqp's own, which would neither wait for jobs nor for the connection to close. */
		async stopped() {
			this.stopping = true;
			clearTimeout(this.reconnecting);
			const { channel } = this;
			if (channel === null) return;
			this.deliveries.revoke();
			await inTime(this.deliveries.settled(), LET_GO).catch(() => {
				this.logger.warn("A job does not end with its signal: it is left to its next worker.");
			});
			const lost = channel instanceof ProcessChannel ? channel.size : 0;
			if (lost > 0) this.logger.warn(`${lost} jobs that waited in this process are lost.`);
			const closed = once(channel, "close", { signal: AbortSignal.timeout(GOODBYE) });
			disconnect(channel);
			await closed.catch(() => {});
			this.channel = null;
		}
	};
	return schema as Partial<ServiceSchema>;
}

/** Closes a channel with its connection, unless that has happened. */
function disconnect({ connection }: Channel): void {
	try {
		(connection as unknown as { close(): void }).close();
	} catch {
		// closed already
	}
}
