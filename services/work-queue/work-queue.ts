import type { Channel } from "amqplib";
import { Errors, type Service, type ServiceSchema, type ServiceSettingSchema } from "moleculer";
import moleculerAmqp from "moleculer-amqp";
import { startConsumers } from "./consumers.ts";
import { Deliveries } from "./deliveries.ts";
import { inTime } from "./in-time.ts";
import { openProcessChannel, ProcessChannel } from "./process-channel.ts";
import type { WorkQueue } from "./queue.ts";
import { full, noQueue, unavailable } from "./queue-errors.ts";
import { openRabbitMqChannel } from "./rabbitmq-channel.ts";
import { ReconnectingChannel } from "./reconnecting-channel.ts";

export type { WorkQueue, WorkQueueSchema } from "./queue.ts";

/** Milliseconds in which RabbitMQ has to take a job. */
const PUT = 10_000;
/** Milliseconds that a stopping node gives its workers to let go of their jobs. */
const LET_GO = 5000;
/** Jobs that wait, for all workers together, before further ones are refused. */
const MAX_WAITING = 1000;

interface State {
	/** Null while no job can be put on a queue, or taken: before the start, without a connection, from the stop on. */
	channel: Channel | null;
	/** One member, so that few names are taken from the service's own. */
	workQueue: { connection: ReconnectingChannel; deliveries: Deliveries };
	schema: { queues: Record<string, { queueOpts?: object }> };
}

interface Methods extends WorkQueue {
	_connect(): Promise<void>;
	_setup(channel: Channel): Promise<void>;
}

/**
 * moleculer-amqp's work queues, on the RabbitMQ at `url`, or, where that is null, in this process: they differ in
 * where a job waits, and in nothing else. `docs/work-queues.md` says what this adds to moleculer-amqp, and why.
 */
export function workQueue(url: string | null): Partial<ServiceSchema> {
	const amqp = moleculerAmqp(url ?? "");

	const schema: Partial<ServiceSchema<ServiceSettingSchema, Methods, State>> = {
		mixins: [amqp],

		methods: {
			async put(queueName: string, job: object): Promise<void> {
				const { queues } = this.schema;
				const queue = queues[queueName];
				if (queue === undefined) throw noQueue(queueName, Object.keys(queues));
				const { channel } = this;
				if (channel === null) throw unavailable(queueName);
				const content = Buffer.from(JSON.stringify(job));
				const deadline = performance.now() + PUT;
				const declare = () =>
					inTime(channel.assertQueue(queueName, queue.queueOpts), deadline - performance.now());
				try {
					const { messageCount } = await declare();
					if (messageCount >= MAX_WAITING) throw full(queueName, MAX_WAITING);
					channel.sendToQueue(queueName, content, { persistent: true });
					// there are no confirms, but a channel's commands are answered in order
					await declare();
				} catch (error) {
					throw error instanceof Errors.MoleculerError ? error : unavailable(queueName);
				}
			},

			/** moleculer-amqp calls this when the service starts. */
			async _connect(): Promise<void> {
				if (url === null) {
					this.logger.info("No RabbitMQ: jobs wait in this process, and are lost when it ends.");
				}
				await this.workQueue.connection.start();
			},

			/** Each time that a channel has been opened. */
			async _setup(channel: Channel): Promise<void> {
				const { connection, deliveries } = this.workQueue;
				const replace = connection.replace.bind(connection);
				this.channel = channel;
				const service = this as unknown as Service & State;
				await startConsumers({ service, amqp: amqp.methods, deliveries, replace }, channel);
			}
		},

		created() {
			const deliveries = new Deliveries();
			const use = {
				open: (signal: AbortSignal) =>
					url === null ? openProcessChannel() : openRabbitMqChannel(url, signal),
				setUp: (channel: Channel) => this._setup(channel),
				onLost: (channel: Channel) => {
					this.channel = null;
					deliveries.channelLost(channel);
					const lost = channel instanceof ProcessChannel ? channel.size : 0;
					if (lost > 0) this.logger.warn(`Jobs that waited in this process are lost: ${lost}.`);
				}
			};
			this.channel = null;
			this.workQueue = { connection: new ReconnectingChannel(use, this.logger), deliveries };
		},

		/** Before moleculer-amqp's own, which would neither wait for jobs nor for the connection to close. */
		async stopped() {
			const { connection, deliveries } = this.workQueue;
			this.channel = null;
			deliveries.revoke();
			const letGo = inTime(deliveries.settled(), LET_GO).catch(() => {
				this.logger.warn(
					"A job goes on after its signal has aborted. Its next worker begins it again."
				);
			});
			await connection.stop(letGo);
		}
	};
	return schema as Partial<ServiceSchema>;
}
