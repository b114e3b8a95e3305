/** The parts of moleculer-amqp 0.1.10 that are used here; it brings no types of its own. */
declare module "moleculer-amqp" {
	import type { ConsumeMessage } from "amqplib";
	import type { ServiceSchema } from "moleculer";

	/** A member of `queues` in the service's schema; the name is the queue's. */
	interface QueueOptions<Job> {
		queueOpts?: object;
		/** A schema of Moleculer's validator for the message. */
		params?: Record<string, unknown>;
		handler?: (job: Job, properties: ConsumeMessage["properties"]) => unknown;
		errorStrategy?: unknown;
	}

	interface AmqpMethods {
		_setup(): Promise<void>;
		processMessage<Job>(options: QueueOptions<Job>): (message: ConsumeMessage) => Promise<void>;
	}

	function createService(url: string): Partial<ServiceSchema> & { methods: AmqpMethods };

	export = createService;
}
