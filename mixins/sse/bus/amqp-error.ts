/** What amqplib's errors may carry. */
export interface AmqpError extends Error {
	/** RabbitMQ's reply code, or a system error's name. */
	code?: number | string;
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

/** The reply code with which RabbitMQ has refused something, if it was RabbitMQ. */
export function replyCode(error: unknown): number | undefined {
	const { code } = error as AmqpError;
	return typeof code === "number" ? code : undefined;
}
