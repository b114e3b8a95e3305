import type { Channel, ChannelModel } from "amqplib";
import { hangUp } from "./hang-up.ts";

/**
 * Runs something on a channel of its own, because RabbitMQ closes the channel on which it refuses anything.
 *
 * @param use Its second argument is aborted when the channel is lost, or by `signal`.
 * @param signal Ends it; default: nothing does.
 */
export async function onOwnChannel<T>(
	connection: ChannelModel,
	use: (channel: Channel, ended: AbortSignal) => Promise<T>,
	signal?: AbortSignal
): Promise<T> {
	const channel = await connection.createChannel();
	const life = new AbortController();
	const { promise: failed, reject } = Promise.withResolvers<never>();
	failed.catch(() => {});
	const end = (reason: unknown): void => {
		reject(reason);
		life.abort();
	};
	const onAbort = (): void => end(signal?.reason);
	channel.on("error", end);
	channel.on("close", () => end(new Error("the channel was closed")));
	signal?.addEventListener("abort", onAbort);
	try {
		signal?.throwIfAborted();
		return await Promise.race([use(channel, life.signal), failed]);
	} finally {
		signal?.removeEventListener("abort", onAbort);
		hangUp(channel);
	}
}
