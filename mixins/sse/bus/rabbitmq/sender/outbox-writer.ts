import { setTimeout as delay } from "node:timers/promises";
import type { ChannelModel, ConfirmChannel, Message } from "amqplib";
import type { Logger } from "moleculer";
import { guard } from "../../../core/errors/guard.ts";
import type { RabbitmqOptions } from "../../../core/options/rabbitmq-options.ts";
import { type AmqpError, refusesMessage } from "../amqp-error.ts";
import { hangUp } from "../hang-up.ts";
import { HEADERS } from "../message-headers.ts";
import type { ChannelHandler } from "../reconnecting-channel.ts";
import { declareStream } from "../topology.ts";
import type { Outbox, OutgoingMessage } from "./outbox.ts";
import type { OutgoingEvent } from "./outgoing-event.ts";
import { publishMessage } from "./publish-message.ts";

/** Milliseconds between two messages while earlier ones are under way: what is sent in between is collected. */
const GATHERING = 1;

export interface OutboxWriterOptions {
	readonly stream: RabbitmqOptions;
	/** One life of one sender: names the sequence of its messages. */
	readonly origin: string;
	readonly outbox: Outbox<OutgoingEvent>;
	readonly logger: Logger;
	/** RabbitMQ will never take the message. */
	onRefused(message: OutgoingMessage<OutgoingEvent>, reason: AmqpError): void;
}

/** Writes an outbox's content to the RabbitMQ stream, and tracks what becomes of each message. */
export class OutboxWriter implements ChannelHandler<ConfirmChannel> {
	readonly name: string;
	readonly #options: RabbitmqOptions;
	readonly #origin: string;
	readonly #outbox: Outbox<OutgoingEvent>;
	readonly #logger: Logger;
	readonly #onRefused: OutboxWriterOptions["onRefused"];
	#channel: ConfirmChannel | undefined;
	/** Numbers of messages that RabbitMQ could not route: the RabbitMQ stream is gone. */
	#returned = new Set<number>();
	/** The channel on which RabbitMQ has refused something: nothing more is written to it. */
	#refusing: ConfirmChannel | undefined;
	/** In order. */
	#refused: OutgoingMessage<OutgoingEvent>[] = [];
	/** Written on this channel and not answered yet, in order. */
	#underWay = new Set<OutgoingMessage<OutgoingEvent>>();
	/** RabbitMQ has refused an unknown message up to this number: up to there, messages are sent one at a time. */
	#lastSuspect = 0;
	/** Whether one of those is under way. */
	#isProbing = false;
	#isScheduled = false;
	#writtenAt = Number.NEGATIVE_INFINITY;

	constructor(name: string, { stream, origin, outbox, logger, onRefused }: OutboxWriterOptions) {
		this.name = name;
		this.#options = stream;
		this.#origin = origin;
		this.#outbox = outbox;
		this.#logger = logger;
		this.#onRefused = onRefused;
	}

	createChannel(connection: ChannelModel): Promise<ConfirmChannel> {
		return connection.createConfirmChannel();
	}

	async setUp(
		channel: ConfirmChannel,
		connection: ChannelModel,
		signal: AbortSignal
	): Promise<void> {
		await declareStream(connection, this.#options, this.#logger);
		signal.throwIfAborted();
		this.#returned = new Set();
		// The return comes before the confirmation: RabbitMQ also confirms what it could not route.
		const onReturn = (message: Message): void => {
			this.#returned.add(Number(message.properties.headers?.[HEADERS.seq]));
		};
		const onError = (error: AmqpError): void => {
			if (channel === this.#channel && refusesMessage(error)) this.#onMessageRefused(error);
		};
		channel.on("return", guard(this.#onFault, onReturn));
		channel.on("error", guard(this.#onFault, onError));
		this.#channel = channel;
		this.#underWay = new Set();
		this.#isProbing = false;
		for (const message of this.#refused) this.#outbox.renew(message);
		this.#refused = [];
		this.#outbox.rewind();
		this.#write();
	}

	onLost(): void {
		this.#channel = undefined;
		this.#refusing = undefined;
	}

	/**
	 * Schedules the outbox's content to be written at the end of this turn of the event loop, so that what is sent in one turn
	 * goes into one message. In a burst, while RabbitMQ still has to answer for others, what is sent within a millisecond does.
	 */
	schedule(): void {
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		const write = () => {
			this.#isScheduled = false;
			this.#write();
		};
		const isLone = this.#outbox.length === 1;
		if (isLone || performance.now() - this.#writtenAt >= GATHERING) setImmediate(write);
		else setTimeout(write, GATHERING);
	}

	#write(): void {
		const channel = this.#channel;
		if (channel === undefined || this.#isProbing) return;
		try {
			for (let message = this.#outbox.next(); message; message = this.#outbox.next()) {
				this.#publish(channel, message);
				this.#isProbing = message.seq <= this.#lastSuspect;
				if (this.#isProbing) return;
			}
		} catch (error) {
			// The channel is about to close: what it did not take is written again on the next one.
			this.#giveUp(channel, error);
		}
	}

	#publish(channel: ConfirmChannel, message: OutgoingMessage<OutgoingEvent>): void {
		this.#underWay.add(message);
		this.#writtenAt = performance.now();
		publishMessage(
			channel,
			this.#options.name,
			this.#origin,
			message,
			guard(this.#onFault, (error: unknown) => this.#onAnswer(channel, message, error))
		);
	}

	/** A callback of amqplib must not throw: the connection would end. */
	readonly #onFault = (error: Error): void => {
		this.#logger.error(`SSE: ${this.name}: cannot process an answer from RabbitMQ.`, error);
	};

	/** @param error Null if RabbitMQ has confirmed the message. */
	#onAnswer(
		channel: ConfirmChannel,
		message: OutgoingMessage<OutgoingEvent>,
		error: unknown
	): void {
		if (error === null && !this.#returned.delete(message.seq)) {
			this.#underWay.delete(message);
			this.#outbox.confirm(message);
			if (this.#isProbing) {
				this.#isProbing = false;
				this.#write();
			}
			return;
		}
		// A closing channel answers for everything that is under way; by then it is known that it closes.
		setImmediate(() => {
			if (channel === this.#channel || channel === this.#refusing) {
				this.#refuse(channel, message, error);
			}
		});
	}

	/**
	 * Another channel makes sure that the RabbitMQ stream exists, but not at once. First everything else that is under way is
	 * answered: RabbitMQ may have refused that too, and refused messages are sent again in their order.
	 */
	#refuse(channel: ConfirmChannel, message: OutgoingMessage<OutgoingEvent>, reason: unknown): void {
		this.#refused.push(message);
		if (channel === this.#refusing) return;
		this.#refusing = channel;
		this.#channel = undefined;
		const answered = channel.waitForConfirms().catch(() => {});
		const patience = delay(this.#options.timeout, undefined, { ref: false });
		Promise.race([answered, patience]).then(() => this.#giveUp(channel, reason));
	}

	#giveUp(channel: ConfirmChannel, reason: unknown): void {
		if (channel === this.#channel) this.#channel = undefined;
		this.#logger.debug(
			`SSE: ${this.name}: ${reason ?? "the stream is gone"}. Opening another channel.`
		);
		hangUp(channel);
	}

	/**
	 * RabbitMQ closes the channel because of a message that it will never take, and does not say which. It has ignored what was
	 * written after that one, and may have taken what was written before.
	 */
	#onMessageRefused(error: AmqpError): void {
		const messages = [...this.#underWay];
		const last = messages.at(-1);
		if (last === undefined) return;
		if (messages.length > 1) this.#lastSuspect = last.seq;
		else if (last.events.length > 1) this.#outbox.split(last);
		else this.#onRefused(last, error);
	}
}
