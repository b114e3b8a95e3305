import type { ChannelModel, Options } from "amqplib";
import type { Logger } from "moleculer";
import { reasonOf } from "../../core/errors/guard.ts";
import type { RabbitmqOptions } from "../../core/options/rabbitmq-options.ts";
import { ACCESS_REFUSED, PRECONDITION_FAILED, replyCode } from "./amqp-error.ts";
import { onOwnChannel } from "./own-channel.ts";

/** The oldest events of a RabbitMQ stream are dropped by whole segments: this many make up `maxBytes`. */
const SEGMENTS = 10;
const MIN_SEGMENT = 65_536;
const MAX_SEGMENT = 104_857_600;

/**
 * Makes sure that the RabbitMQ stream exists, and the exchange for programs outside Moleculer.
 *
 * One that exists with other limits is used as it is: limits are often set by policies, and credentials often do not allow
 * changes.
 */
export async function declareStream(
	connection: ChannelModel,
	{ name, exchange, maxAge, maxBytes }: RabbitmqOptions,
	logger: Logger
): Promise<void> {
	const segment = Math.max(MIN_SEGMENT, Math.min(MAX_SEGMENT, Math.floor(maxBytes / SEGMENTS)));
	const limits: Options.AssertQueue = {
		durable: true,
		arguments: {
			"x-queue-type": "stream",
			"x-max-age": `${Math.ceil(maxAge / 1000)}s`,
			"x-max-length-bytes": maxBytes,
			"x-stream-max-segment-size-bytes": segment
		}
	};
	const asItIs = (what: string) => (error: Error) => {
		const code = replyCode(error);
		if (code !== PRECONDITION_FAILED && code !== ACCESS_REFUSED) throw error;
		warnOnce(
			logger,
			`SSE: ${what} could not be declared, and is used as it is: ${reasonOf(error)}`
		);
	};
	try {
		await onOwnChannel(connection, channel => channel.assertQueue(name, limits));
	} catch (error) {
		if (replyCode(error) === PRECONDITION_FAILED) await checkKind(connection, name);
		asItIs(`the stream "${name}"`)(error as Error);
	}
	await onOwnChannel(connection, async channel => {
		await channel.assertExchange(exchange, "fanout", { durable: true });
		await channel.bindQueue(name, exchange, "");
	}).catch(asItIs(`the exchange "${exchange}"`));
}

/**
 * RabbitMQ reports any difference, but only one of them matters: what is published to a queue of another kind is never read.
 */
async function checkKind(connection: ChannelModel, name: string): Promise<void> {
	try {
		await onOwnChannel(connection, async channel => {
			await channel.prefetch(1);
			await channel.consume(name, () => {}, { arguments: { "x-stream-offset": "next" } });
		});
	} catch (error) {
		if (replyCode(error) !== PRECONDITION_FAILED) throw error;
		throw new Error(
			`the queue "${name}" exists but is not a stream: delete it, or set another stream.name`
		);
	}
}

/** What each broker has been warned of: channels are set up again and again. */
const warnings = new WeakMap<Logger, Set<string>>();

function warnOnce(logger: Logger, text: string): void {
	const told = warnings.get(logger) ?? new Set();
	warnings.set(logger, told);
	if (told.has(text)) return;
	told.add(text);
	logger.warn(text);
}
