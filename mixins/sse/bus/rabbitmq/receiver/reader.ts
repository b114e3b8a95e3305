import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import type { Logger, ServiceBroker } from "moleculer";
import { guard, toError } from "../../../core/errors/guard.ts";
import type { RabbitmqOptions } from "../../../core/options/rabbitmq-options.ts";
import type { EventGroups, Subscriber } from "../../bus.ts";
import { hangUp } from "../hang-up.ts";
import { writeRabbitmqId } from "../rabbitmq-id.ts";
import { type ChannelHandler, ReconnectingChannel } from "../reconnecting-channel.ts";
import { nameOf } from "../stream-name.ts";
import { declareStream } from "../topology.ts";
import { Acknowledgements, PREFETCH } from "./acknowledgements.ts";
import { IncomingMessages } from "./incoming-messages.ts";
import { MessageOrder } from "./message-order.ts";
import type { Step } from "./offset-tracker.ts";
import { type Point, pointOf } from "./point.ts";
import { SilenceWatch } from "./silence-watch.ts";
import { findEnd, findFirst, findStart } from "./stream-bounds.ts";

/** A gateway's end of the RabbitMQ stream: reads it from its own position, and passes on everything once. */
export class Reader implements ChannelHandler<Channel> {
	readonly name: string;
	readonly #options: RabbitmqOptions;
	readonly #past: number;
	readonly #subscriber: Subscriber;
	readonly #logger: Logger;
	readonly #steady: ReconnectingChannel<Channel>;
	readonly #order: MessageOrder;
	readonly #messages: IncomingMessages;
	readonly #acknowledgements = new Acknowledgements();
	readonly #silence: SilenceWatch;
	readonly #filled = Promise.withResolvers<void>();
	#channel: Channel | undefined;
	/** Whether what is read is of the past. */
	#isFilling = true;
	/** `Date.now()` before which nothing of that was written. */
	#pastSince = Number.NEGATIVE_INFINITY;
	/** Whether this is not the RabbitMQ stream that was read before: what was on that one is lost. */
	#isAnother = false;
	/** Called by the first message with this offset or a later one. */
	#awaited: { readonly offset: number; readonly onReached: () => void } | undefined;
	/** Whether everything arrives at once. */
	#isCurrent = false;
	/** `performance.now()` until which it did. */
	#wasCurrent = Number.NEGATIVE_INFINITY;

	/**
	 * @param past Milliseconds of the past that are read first; 0 = none.
	 * @param groups Those of the subscriber; undefined = it gets everything.
	 */
	constructor(
		options: RabbitmqOptions,
		past: number,
		subscriber: Subscriber,
		broker: ServiceBroker,
		groups?: EventGroups
	) {
		const { logger } = broker;
		this.name = `moleculer-sse reader of ${nameOf(broker)}`;
		this.#options = options;
		this.#past = past;
		this.#subscriber = subscriber;
		this.#logger = logger;
		this.#messages = new IncomingMessages(subscriber, logger, {
			isTraced: broker.isTracingEnabled(),
			groups
		});
		// Each is called only while a channel is read.
		const channel = () => this.#channel as Channel;
		this.#order = new MessageOrder({
			take: (...message) => this.#take(channel(), ...message),
			another: () => {
				this.#beginAnother();
				this.#giveUp(channel());
			},
			misplaced: () => this.#giveUp(channel()),
			onFault: this.#onFault
		});
		this.#silence = new SilenceWatch({
			stream: options.name,
			acknowledgements: this.#acknowledgements,
			logger,
			giveUp: channel => this.#giveUp(channel)
		});
		this.#steady = new ReconnectingChannel(this, logger);
	}

	/** State of the connection. */
	get steady(): Readonly<
		Pick<ReconnectingChannel<Channel>, "connected" | "promising" | "working">
	> {
		return this.#steady;
	}

	/** Resolves when the past has been read. */
	get filled(): Promise<void> {
		return this.#filled.promise;
	}

	/** The id of the last message; null before the first. */
	get position(): string | null {
		const { last } = this.#order.offsets;
		return last === undefined ? null : writeRabbitmqId({ ...last, index: 0 });
	}

	/** Milliseconds from the sending of the last message to its arrival. */
	get lag(): number | null {
		return this.#messages.lag;
	}

	open(): Promise<void> {
		return this.#steady.open(this.#options);
	}

	close(): Promise<void> {
		return this.#steady.close();
	}

	createChannel(connection: ChannelModel): Promise<Channel> {
		return connection.createChannel();
	}

	async setUp(channel: Channel, connection: ChannelModel, signal: AbortSignal): Promise<void> {
		const { name } = this.#options;
		await declareStream(connection, this.#options, this.#logger);
		const end = await findEnd(connection, name, signal);
		const start = await this.#findStart(connection, end, signal);
		signal.throwIfAborted();
		this.#channel = channel;
		await channel.prefetch(PREFETCH);
		const reached = new Promise<void>(onReached => {
			this.#awaited = { offset: end.offset, onReached };
		});
		// An error thrown here would end the connection, and occur again on the next one.
		this.#order.begin(() => findFirst(connection, name, signal));
		const onMessage = guard(this.#onFault, (message: ConsumeMessage | null) =>
			this.#onMessage(channel, message)
		);
		await channel.consume(name, onMessage, { arguments: { "x-stream-offset": start } });
		signal.throwIfAborted();
		if (channel === this.#channel) this.#silence.begin(channel);
		await reached;
		this.#isCurrent = true;
		this.#tellWhoWasThere();
		this.#filled.resolve();
	}

	onLost(): void {
		this.#channel = undefined;
		if (this.#isCurrent) this.#wasCurrent = performance.now();
		this.#isCurrent = false;
		this.#acknowledgements.clear();
		this.#order.end();
		this.#silence.end();
	}

	/** The offset from which reading continues. */
	async #findStart(connection: ChannelModel, end: Point, signal: AbortSignal): Promise<number> {
		// Another channel may be reading by now, and its progress must not be disturbed.
		signal.throwIfAborted();
		const { last } = this.#order.offsets;
		if (last !== undefined && end.offset > last.offset) {
			this.#order.offsets.return();
			return last.offset;
		}
		// RabbitMQ would wait silently until a new RabbitMQ stream has as many messages as the old one.
		if (last !== undefined) this.#beginAnother();
		if (this.#past === 0) return end.offset;

		const start = await findStart(connection, this.#options.name, this.#past, signal);
		signal.throwIfAborted();
		const { offset, before } = start;
		this.#pastSince = start.since;
		if (before !== undefined) {
			const point = pointOf(before) as Point;
			this.#order.offsets.start(point);
			this.#messages.noteEarlier(before, point);
		}
		return offset;
	}

	#beginAnother(): void {
		this.#logger.warn(`SSE: the stream "${this.#options.name}" was deleted and created again.`);
		this.#order.offsets.start(undefined);
		this.#subscriber.begin();
		this.#isAnother = true;
		this.#isFilling = true;
	}

	/** Streams that were open while the past was read have missed it. */
	#tellWhoWasThere(): void {
		if (this.#isAnother) this.#subscriber.lost();
		else if (this.#isFilling) this.#subscriber.missed();
		this.#isAnother = false;
		this.#isFilling = false;
	}

	#onMessage(channel: Channel, message: ConsumeMessage | null): void {
		if (channel !== this.#channel) return;
		this.#silence.arrived();
		// RabbitMQ has ended the reading: the RabbitMQ stream was deleted, or has moved.
		if (message === null) this.#giveUp(channel);
		else this.#order.pass(message);
	}

	#take(channel: Channel, message: ConsumeMessage, point: Point, step: Step): void {
		if (step === "gap") {
			this.#logger.warn("SSE: the stream was truncated before this gateway had read it.");
			this.#subscriber.lost();
		}
		if (step !== "seen") this.#handOnOrLose(message, point);
		this.#acknowledgements.add(channel, message);
		if (this.#awaited !== undefined && point.offset >= this.#awaited.offset) {
			this.#awaited.onReached();
			this.#awaited = undefined;
		}
	}

	/** A message that cannot be read is lost; those after it are read, and it is acknowledged with them. */
	#handOnOrLose(message: ConsumeMessage, point: Point): void {
		try {
			// After a lost connection, messages are late up to the end that the RabbitMQ stream had at the reconnect.
			const late = this.#awaited !== undefined && { lateSince: this.#wasCurrent };
			const past = this.#isFilling && { pastSince: this.#pastSince };
			this.#messages.deliver(message, point, { ...past, ...late });
		} catch (error) {
			this.#onFault(toError(error));
			this.#subscriber.lost();
		}
	}

	/** Also for a message that was passed on and cannot be acknowledged because the channel closes: it is read again. */
	readonly #onFault = (error: Error): void => {
		this.#logger.error("SSE: a message of the stream could not be read.", error);
	};

	/** Another channel follows. */
	#giveUp(channel: Channel): void {
		this.#channel = undefined;
		this.#order.end();
		this.#silence.end();
		hangUp(channel);
	}
}
