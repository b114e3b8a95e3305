/** The parts of moleculer-amqp 0.1.10 that are used here; it brings no types of its own. */
declare module "moleculer-amqp" {
	import type { Channel, ConsumeMessage } from "amqplib";
	import type { Service, ServiceSchema } from "moleculer";

	/** Of a service with the mixin. */
	interface AmqpService extends Service {
		/** Null while there is no connection. */
		channel: Channel | null;
		sendToQueue(queueName: string, message: unknown, options?: object): boolean;
	}

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
