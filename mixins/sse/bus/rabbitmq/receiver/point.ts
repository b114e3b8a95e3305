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
	const seconds: unknown = properties.timestamp;
	// Programs also write microseconds there.
	const inMilliseconds = isTime(seconds) ? seconds * 1000 : undefined;
	const times: unknown[] = [headers[HEADERS.time], inMilliseconds];
	return { offset, timestamp: times.find(isTime) ?? 0 };
}

function isTime(value: unknown): value is number {
	return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
