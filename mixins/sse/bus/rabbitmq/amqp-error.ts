import { lineOf, reasonOf, toError } from "../../core/errors/guard.ts";

/** Fields that amqplib's errors may have. */
export interface AmqpError extends Error {
	/** RabbitMQ's reply code, or the name of a system error. */
	code?: number | string;
	/** The method that RabbitMQ refused. */
	classId?: number;
	methodId?: number;
}

/** What was thrown, in words, without credentials, which must not be logged. amqplib also throws strings. */
export function describe(thrown: unknown): string {
	if (thrown === undefined || thrown === null) return "the connection was closed";
	const error = toError(thrown);
	// Aggregate errors (several addresses tried) have no message of their own.
	const { errors } = error as Partial<AggregateError>;
	const parts = Array.isArray(errors) ? errors.map(reasonOf) : [];
	const text = reasonOf(error) || parts.join(", ") || lineOf(error);
	return text.replaceAll(/\/\/[^/@\s]*@/g, "//…@");
}

/** RabbitMQ's reply codes, AMQP 0-9-1, "1.2 Constants". */
export const ACCESS_REFUSED = 403;
export const NOT_FOUND = 404;
export const PRECONDITION_FAILED = 406;

/** AMQP 0-9-1, "1.8.3.7 Method basic.publish". */
const BASIC_PUBLISH = { classId: 60, methodId: 40 };

/** Whether RabbitMQ closed a channel because of a message published there, such as one that is too large. */
export function refusesMessage(error: AmqpError): boolean {
	const { code, classId, methodId } = error;
	return (
		code === PRECONDITION_FAILED &&
		classId === BASIC_PUBLISH.classId &&
		methodId === BASIC_PUBLISH.methodId
	);
}

/** The reply code with which RabbitMQ refused something; undefined if the error is not RabbitMQ's. */
export function replyCode(error: unknown): number | undefined {
	const { code } = error as AmqpError;
	return typeof code === "number" ? code : undefined;
}
