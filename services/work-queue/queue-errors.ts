import { Errors } from "moleculer";

/** A service puts jobs on its own queues alone: another name would be a new queue, which nobody works. */
export function noQueue(queueName: string, queueNames: readonly string[]): Error {
	const names = queueNames.map(name => `'${name}'`).join(", ");
	return new Errors.MoleculerServerError(
		`The service has no queue '${queueName}': it has ${names}.`,
		500,
		"NO_QUEUE"
	);
}

/** RabbitMQ is away, or this node stops. */
export function unavailable(queueName: string): Error {
	return new Errors.MoleculerServerError(
		`The queue '${queueName}' cannot be reached now: try again later.`,
		503,
		"QUEUE_UNAVAILABLE"
	);
}

/** Too many jobs wait already. */
export function full(queueName: string, waiting: number): Error {
	return new Errors.MoleculerServerError(
		`${waiting} jobs wait in the queue '${queueName}' already: try again later.`,
		503,
		"QUEUE_FULL"
	);
}
