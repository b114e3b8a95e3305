import { connect } from "amqplib";
import { inTime } from "./in-time.ts";
import type { OpenChannel } from "./reconnecting-channel.ts";

/** Milliseconds in which RabbitMQ has to take a connection, and to open a channel. */
const PATIENCE = 10_000;
/** Milliseconds in which RabbitMQ has to close a connection in order; then its socket is destroyed. */
const GOODBYE = 1000;

/** Opens a channel on a connection of its own to the RabbitMQ at `url`; the signal breaks off an attempt. */
export async function openRabbitMqChannel(url: string, signal: AbortSignal): Promise<OpenChannel> {
	const socket = new AbortController();
	const cutOff = (): void => socket.abort();
	signal.addEventListener("abort", cutOff);
	try {
		signal.throwIfAborted();
		const connection = await connect(url, { timeout: PATIENCE, signal: socket.signal });
		const { promise: lost, reject } = Promise.withResolvers<never>();
		// whoever opened it may never look
		lost.catch(() => {});
		const closed = new Promise(resolve => connection.once("close", resolve));
		connection.on("error", reject);
		const channel = await inTime(connection.createChannel(), PATIENCE);
		channel.on("error", reject);
		channel.on("close", () => reject(new Error("RabbitMQ has closed it")));
		return {
			channel,
			lost,
			async close() {
				// rejects, or throws, if the connection closes already
				(async () => connection.close())().catch(() => {});
				await inTime(closed, GOODBYE).catch(() => {});
				cutOff();
			}
		};
	} catch (error) {
		cutOff();
		throw error;
	} finally {
		signal.removeEventListener("abort", cutOff);
	}
}
