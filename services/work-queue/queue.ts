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
	/** Whether a job whose handler failed goes back to the queue; without `job`, the message is no JSON, or not what `params` ask for. */
	errorStrategy(this: This, error: Error, job?: Job): Promise<{ requeue: boolean }>;
}

/** A service with `workQueue` among its mixins. */
export interface WorkQueue {
	/**
	 * Puts a job on a queue of this service.
	 *
	 * @throws MoleculerError 503, `QUEUE_FULL`: the job is not on the queue. `QUEUE_UNAVAILABLE`: RabbitMQ has not said that it is.
	 */
	put(queueName: string, job: object): Promise<void>;
}
