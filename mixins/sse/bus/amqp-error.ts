/** What amqplib's errors may carry. */
export interface AmqpError extends Error {
	/** RabbitMQ's reply code, or a system error's name. */
	code?: number | string;
	/** The method that RabbitMQ has refused. */
	classId?: number;
	methodId?: number;
}

/** An error in words, without what must not stand in a log. */
export function describe(error: AmqpError | undefined): string {
	if (error === undefined) return "the connection was closed";
	// Aggregates (several addresses tried) have no message of their own.
	const { errors } = error as Partial<AggregateError>;
	const text = error.message || errors?.map(each => String(each?.message)).join(", ") || error.name;
	return text.replaceAll(/\/\/[^/@\s]*@/g, "//…@");
}

/** RabbitMQ's reply codes, AMQP 0-9-1, "1.2 Constants". */
export const ACCESS_REFUSED = 403;
export const NOT_FOUND = 404;
export const PRECONDITION_FAILED = 406;

/** AMQP 0-9-1, "1.8.3.7 Method basic.publish". */
const BASIC_PUBLISH = { classId: 60, methodId: 40 };

/** Whether RabbitMQ has closed a channel because of a message published there, such as one that is too large. */
export function refusesMessage(error: AmqpError): boolean {
	const { code, classId, methodId } = error;
	return (
		code === PRECONDITION_FAILED &&
		classId === BASIC_PUBLISH.classId &&
		methodId === BASIC_PUBLISH.methodId
	);
}

/** The reply code with which RabbitMQ has refused something, if it was RabbitMQ. */
export function replyCode(error: unknown): number | undefined {
	const { code } = error as AmqpError;
	return typeof code === "number" ? code : undefined;
}
