import { randomUUID } from "node:crypto";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import { guard } from "../../../core/errors/guard.ts";
import { HEADERS } from "../message-headers.ts";
import { onOwnChannel } from "../own-channel.ts";
import type { Point } from "./point.ts";
import { pointOf } from "./point.ts";

/** Milliseconds within which a message that must be on the RabbitMQ stream has to arrive. */
const PATIENCE = 10_000;

/** Most offsets of RabbitMQ's own that may stand between two messages when the first of them is sought. */
const FARTHEST = 8192;

/** Where reading starts. */
export interface Start {
	readonly offset: number;
	/** The message just before it, if it still exists. */
	readonly before: ConsumeMessage | undefined;
	/** `Date.now()` before which nothing was written that is read from there on. */
	readonly since: number;
}

/** Writes a message without events. */
export function writeMark(channel: Channel, name: string, messageId: string = randomUUID()): void {
	const headers = { [HEADERS.time]: Date.now() };
	channel.sendToQueue(name, Buffer.from("[]"), {
		contentType: "application/json",
		persistent: true,
		messageId,
		headers
	});
}

/**
 * The present end of the RabbitMQ stream, found by writing a mark there, which also shows that messages can be sent and
 * received.
 *
 * @param signal Ends the search.
 */
export async function findEnd(
	connection: ChannelModel,
	name: string,
	signal: AbortSignal
): Promise<Point> {
	const mark = randomUUID();
	const messages = await read(connection, name, "next", {
		signal,
		prefetch: 100,
		onReading: channel => writeMark(channel, name, mark),
		until: message => message.properties.messageId === mark
	});
	return pointOf(messages.at(-1) as ConsumeMessage) as Point;
}

/**
 * Where the messages of the last `past` milliseconds start.
 *
 * A client may come back with the id of the message before them. That message is read, because the same offset may have been
 * another message's on a RabbitMQ stream that no longer exists.
 *
 * @param signal Ends the search.
 */
export async function findStart(
	connection: ChannelModel,
	name: string,
	past: number,
	signal: AbortSignal
): Promise<Start> {
	const seconds = Math.ceil(past / 1000);
	const interval = `${seconds}s`;
	const since = Date.now() - (seconds + 1) * 1000;
	const any = () => true;
	const [first] = await read(connection, name, interval, { signal, prefetch: 1, until: any });
	const { offset } = pointOf(first as ConsumeMessage) as Point;
	return { offset, before: await findBefore(connection, name, offset, signal), since };
}

/**
 * The message before an offset; undefined if there is none. The offsets between may be RabbitMQ's own: one at the beginning of
 * a segment, and one for each offset that a consumer of its own protocol has stored.
 */
async function findBefore(
	connection: ChannelModel,
	name: string,
	offset: number,
	signal: AbortSignal
): Promise<ConsumeMessage | undefined> {
	let before: ConsumeMessage | undefined;
	let from = offset;
	for (let back = 2; before === undefined && from > 0 && back <= FARTHEST; back *= 4) {
		from = Math.max(0, offset - back);
		const around = await read(connection, name, from, {
			signal,
			prefetch: 100,
			until: message => (pointOf(message) as Point).offset >= offset
		});
		before = around.findLast(message => (pointOf(message) as Point).offset < offset);
	}
	return before;
}

/**
 * The oldest message that is still on the RabbitMQ stream, which is not empty.
 *
 * @param signal Ends the search.
 */
export async function findFirst(
	connection: ChannelModel,
	name: string,
	signal: AbortSignal
): Promise<Point> {
	const any = () => true;
	const [first] = await read(connection, name, "first", { signal, prefetch: 1, until: any });
	return pointOf(first as ConsumeMessage) as Point;
}

interface Reading {
	readonly signal: AbortSignal;
	readonly prefetch: number;
	/** Called when every message from there on will arrive. */
	onReading?(channel: Channel): void;
	/** Whether this is the last message wanted. */
	until(message: ConsumeMessage): boolean;
}

/** Messages from an offset on. */
function read(
	connection: ChannelModel,
	name: string,
	offset: string | number,
	{ signal, prefetch, onReading, until }: Reading
): Promise<ConsumeMessage[]> {
	const messages: ConsumeMessage[] = [];
	const collect = async (channel: Channel, ended: AbortSignal): Promise<ConsumeMessage[]> => {
		const { promise, resolve, reject } = Promise.withResolvers<ConsumeMessage[]>();
		// RabbitMQ may refuse the reading first: then nobody listens to this promise.
		promise.catch(() => {});
		const timer = setTimeout(
			() => reject(new Error(`the stream "${name}" delivers nothing`)),
			PATIENCE
		);
		ended.addEventListener("abort", () => clearTimeout(timer));
		const onMessage = guard(reject, (message: ConsumeMessage | null): void => {
			if (message === null) throw new Error("RabbitMQ cancelled the consumer");
			if (pointOf(message) === undefined) throw new Error(`"${name}" is not a stream`);
			messages.push(message);
			channel.ack(message);
			if (until(message)) resolve(messages);
		});
		try {
			await channel.prefetch(prefetch);
			await channel.consume(name, onMessage, { arguments: { "x-stream-offset": offset } });
			onReading?.(channel);
			return await promise;
		} finally {
			clearTimeout(timer);
		}
	};
	return onOwnChannel(connection, collect, signal);
}
