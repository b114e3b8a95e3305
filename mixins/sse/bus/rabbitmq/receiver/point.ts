import type { ConsumeMessage } from "amqplib";
import { HEADERS } from "../message-headers.ts";

/** A place on a RabbitMQ stream, with what tells it from the same place on another one of that name. */
export interface Point {
	/** Given by RabbitMQ; rises, not always by one. */
	readonly offset: number;
	/** Milliseconds since 1970, given by the sender; 0 if it gave none. */
	readonly timestamp: number;
}

/** The place of a message; undefined if its queue is not a RabbitMQ stream. */
export function pointOf({ properties }: ConsumeMessage): Point | undefined {
	const headers = properties.headers ?? {};
	const offset: unknown = headers[HEADERS.offset];
	if (typeof offset !== "number") return undefined;
	const seconds = isTime(properties.timestamp) ? properties.timestamp * 1000 : 0;
	const time: unknown = headers[HEADERS.time];
	return { offset, timestamp: isTime(time) ? time : seconds };
}

function isTime(value: unknown): value is number {
	return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
