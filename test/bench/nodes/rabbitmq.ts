import { locateRabbitMq } from "../../support/processes/programs.ts";
import { openRabbitMq } from "../../support/rabbitmq/rabbitmq.ts";

/** Runs something with a RabbitMQ that is started for it. */
export async function withRabbitMq<T>(run: (url: string) => Promise<T>): Promise<T> {
	const source = await locateRabbitMq();
	if (source === null) {
		throw new Error("no RabbitMQ: set AMQP_URL, install rabbitmq-server, or start a Docker engine");
	}
	const rabbitmq = await openRabbitMq(source);
	await rabbitmq.start();
	try {
		return await run(rabbitmq.url);
	} finally {
		await rabbitmq.stop();
	}
}
