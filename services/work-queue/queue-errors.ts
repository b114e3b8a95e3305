import { Errors } from "moleculer";

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
