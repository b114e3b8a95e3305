import { onRunFinished } from "../jest/teardown.ts";
import { bringClient } from "./client-file.ts";
import { bringPrograms } from "./processes/programs.ts";
import { provide } from "./provided.ts";
import { acceptsAmqp } from "./rabbitmq/amqp.ts";
import { openRabbitMq } from "./rabbitmq/rabbitmq.ts";

/** Once per run, before the first end-to-end test: the client, the programs, and one RabbitMQ for all of them. */
export default async function setup(): Promise<void> {
	await bringClient();
	const programs = await bringPrograms();
	const rabbitmq = await openRabbitMq(programs.rabbitmq);
	const began = performance.now();
	await rabbitmq.start();
	onRunFinished(() => rabbitmq.stop());
	const seconds = ((performance.now() - began) / 1000).toFixed(1);
	const version = await acceptsAmqp(rabbitmq.url);
	console.log(`RabbitMQ ${version} answers at ${new URL(rabbitmq.url).host} after ${seconds} s`);
	provide("amqpUrl", rabbitmq.url);
	provide("programs", programs);
}
