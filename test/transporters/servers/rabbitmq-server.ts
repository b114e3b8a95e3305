import { privateRabbitMq } from "../../support/rabbitmq/private-rabbitmq.ts";
import type { ServerFactory } from "./server.ts";

/** RabbitMQ, which speaks AMQP 0.9.1 and, by its plugin, AMQP 1.0 on the same port. */
export const startRabbitMq: ServerFactory = async path => {
	const rabbitmq = await privateRabbitMq(path, { plugins: ["rabbitmq_amqp1_0"] });
	return {
		port: Number(new URL(rabbitmq.url).port),
		// on a machine that is busy with other stages a boot may take more than the minute that it is given
		start: () => rabbitmq.start().catch(() => rabbitmq.start()),
		kill: () => rabbitmq.crash(),
		stop: () => rabbitmq.stop()
	};
};
