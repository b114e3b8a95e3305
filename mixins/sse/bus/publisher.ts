import { setTimeout as delay } from "node:timers/promises";
import type { ChannelModel, ConfirmChannel, Message } from "amqplib";
import type { Logger, ServiceBroker } from "moleculer";
import { refuse } from "../core/errors.ts";
import { encodeOrigin, newEpoch } from "../core/id.ts";
import { writeMessage } from "../core/message.ts";
import { Outbox, type Outgoing, type OutgoingMessage } from "../core/outbox.ts";
import type { StreamOptions } from "../core/stream-options.ts";
import { SseError } from "../moleculer/sse-error.ts";
import { type AmqpError, describe, refusesMessage } from "./amqp-error.ts";
import { type Purpose, SteadyChannel } from "./steady-channel.ts";
import { declareStream, HEADERS, hangUp } from "./stream.ts";

/**
 * Times `timeout` that a sender waits to hear of an event that was written when the connection broke:
 * whether RabbitMQ has it shows when the connection is back.
 */
const UNSURE = 6;
/** How often a `timeout` the events that wait are looked at. */
const LOOKS = 20;
/** Milliseconds between two messages while earlier ones are under way: what is sent in between is gathered. */
const GATHERING = 1;

interface Pending extends Outgoing {
	readonly eventName: string;
	/** Whether the event goes on waiting when its sender does not any more. */
	readonly stays: boolean;
	written: boolean;
	/** Until the sender has heard. */
	reject: ((error: SseError) => void) | undefined;
	/** The sender was told that it did not go: it must not go any more. */
	abandoned: boolean;
}

/** A node's way to the stream: what it takes comes onto the stream, once, or its sender is told. */
export class Publisher implements Purpose<ConfirmChannel> {
	readonly name: string;
	readonly #options: StreamOptions;
	readonly #logger: Logger;
	readonly #origin: string;
	readonly #outbox: Outbox<Pending>;
	readonly #steady: SteadyChannel<ConfirmChannel>;
	#channel: ConfirmChannel | undefined;
	/** Numbers of messages that RabbitMQ could not put anywhere: the stream is gone. */
	#returned = new Set<number>();
	/** The channel on which RabbitMQ has refused something: nothing more is written there. */
	#refusing: ConfirmChannel | undefined;
	/** In order. */
	#refused: OutgoingMessage<Pending>[] = [];
	/** Written on this channel, and not answered for; in order. */
	#underWay = new Set<OutgoingMessage<Pending>>();
	/** RabbitMQ has refused a message up to this number, not known which: they go one at a time. */
	#lastSuspect = 0;
	/** One of those is under way. */
	#isProbing = false;
	#isScheduled = false;
	#writtenAt = Number.NEGATIVE_INFINITY;
	#look: NodeJS.Timeout | undefined;
	#state: "new" | "open" | "closed" = "new";

	constructor(options: StreamOptions, { nodeID, logger }: ServiceBroker) {
		this.name = `moleculer-sse publisher of ${nodeID}`;
		this.#options = options;
		this.#logger = logger;
		this.#origin = `${encodeOrigin(nodeID)}.${newEpoch()}`;
		this.#outbox = new Outbox(options.outbox);
		this.#steady = new SteadyChannel(this, logger);
	}

	/** The connection, as far as it is one. */
	get steady(): Readonly<Pick<SteadyChannel<ConfirmChannel>, "connected" | "working">> {
		return this.#steady;
	}

	/** What RabbitMQ has not confirmed yet. */
	get outbox(): { events: number; bytes: number } {
		return { events: this.#outbox.length, bytes: this.#outbox.bytes };
	}

	/** Begins to connect; again is harmless. */
	async open(): Promise<void> {
		if (this.#state === "open") return;
		this.#state = "open";
		await this.#steady.open(this.#options);
	}

	/** Waits for what is under way, as long as its senders would, and gives up the rest. */
	async close(): Promise<void> {
		const patience = performance.now() + this.#options.timeout;
		while (this.#outbox.length > 0 && performance.now() < patience) await delay(20);
		this.#state = "closed";
		clearInterval(this.#look);
		const rest = this.#outbox.length;
		if (rest > 0) this.#logger.error(`SSE: the node stops with ${rest} events that did not go.`);
		for (const pending of this.#outbox) {
			pending.reject?.(unavailable("the node has stopped", pending.written));
		}
		await this.#steady.close();
	}

	/**
	 * @param eventName For people.
	 * @param json The event.
	 * @param stays Whether it stays in the outbox, to go later, if RabbitMQ does not take it in time.
	 * @returns Ends when RabbitMQ has the event.
	 * @throws SseError `SSE_BUS_UNAVAILABLE`, as a rejection; `SSE_INVALID_EVENT` if RabbitMQ will never take it.
	 */
	async publish(eventName: string, json: string, stays: boolean): Promise<void> {
		if (this.#state === "closed") throw unavailable("the node has stopped", false);
		await new Promise<void>((resolve, reject) => {
			const pending: Pending = {
				eventName,
				json,
				bytes: Buffer.byteLength(json),
				deadline: performance.now() + this.#options.timeout,
				stays,
				written: false,
				abandoned: false,
				reject,
				onConfirmed: resolve
			};
			if (!this.#outbox.add(pending)) {
				reject(unavailable("too many events wait for RabbitMQ already", false));
				return;
			}
			this.#schedule();
			this.#look ??= setInterval(() => this.#tellOverdue(), this.#options.timeout / LOOKS).unref();
		});
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
		// It comes before the confirmation: RabbitMQ also confirms what it could put nowhere.
		channel.on("return", (message: Message) => {
			this.#returned.add(Number(message.properties.headers?.[HEADERS.seq]));
		});
		channel.on("error", (error: AmqpError) => {
			if (channel === this.#channel && refusesMessage(error)) this.#onMessageRefused(error);
		});
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
	 * At the end of this turn of the event loop: what is sent in one turn travels together. In a burst, where
	 * RabbitMQ still has to answer for others, what is sent within a millisecond does.
	 */
	#schedule(): void {
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
				this.#writeMessage(channel, message);
				this.#isProbing = message.seq <= this.#lastSuspect;
				if (this.#isProbing) return;
			}
		} catch (error) {
			// The channel is about to close: what it did not take is written again on the next one.
			this.#giveUp(channel, error);
		}
	}

	#writeMessage(channel: ConfirmChannel, message: OutgoingMessage<Pending>): void {
		const events: string[] = [];
		for (const pending of message.events) {
			pending.written = true;
			if (!pending.abandoned) events.push(pending.json);
		}
		this.#underWay.add(message);
		const now = Date.now();
		this.#writtenAt = performance.now();
		// Past any exchange: other programs' messages come by one, and a return says that the stream is gone.
		channel.publish(
			"",
			this.#options.name,
			Buffer.from(writeMessage(events)),
			{
				mandatory: true,
				persistent: true,
				contentType: "application/json",
				timestamp: Math.floor(now / 1000),
				headers: {
					[HEADERS.time]: now,
					[HEADERS.origin]: this.#origin,
					[HEADERS.seq]: message.seq
				}
			},
			(error: unknown) => this.#onAnswer(channel, message, error)
		);
	}

	/** @param error Null if RabbitMQ has confirmed the message. */
	#onAnswer(channel: ConfirmChannel, message: OutgoingMessage<Pending>, error: unknown): void {
		if (error === null && !this.#returned.delete(message.seq)) {
			this.#underWay.delete(message);
			this.#outbox.confirm(message);
			this.#restIfEmpty();
			if (this.#isProbing) {
				this.#isProbing = false;
				this.#write();
			}
			return;
		}
		// A channel that closes answers for all that is under way: that is known by then.
		setImmediate(() => {
			if (channel === this.#channel || channel === this.#refusing) {
				this.#refuse(channel, message, error);
			}
		});
	}

	/**
	 * Another channel makes sure that the stream exists, and not at once. What else is under way is answered for
	 * first: RabbitMQ may have refused that too, and what it has refused goes again in the order it had.
	 */
	#refuse(channel: ConfirmChannel, message: OutgoingMessage<Pending>, reason: unknown): void {
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
		this.#logger.debug(`SSE: ${this.name}: ${reason ?? "the stream is gone"}. Another channel.`);
		hangUp(channel);
	}

	/**
	 * RabbitMQ closes the channel because of a message that it will never take, and does not say of which. It
	 * has ignored what was written behind that one, and may have taken what was written before.
	 */
	#onMessageRefused(error: AmqpError): void {
		const messages = [...this.#underWay];
		const last = messages.at(-1);
		if (last === undefined) return;
		if (messages.length > 1) this.#lastSuspect = last.seq;
		else if (last.events.length > 1) this.#outbox.split(last);
		else this.#lose(last, error);
	}

	#lose(message: OutgoingMessage<Pending>, reason: AmqpError): void {
		this.#outbox.drop(message);
		this.#restIfEmpty();
		for (const pending of message.events) {
			const error = refused(pending, reason);
			if (pending.reject !== undefined) pending.reject(error);
			else if (pending.stays) this.#logger.error(`SSE: ${error.message}`);
		}
	}

	#restIfEmpty(): void {
		if (this.#outbox.length > 0) return;
		clearInterval(this.#look);
		this.#look = undefined;
	}

	/** Tells the senders of events that have waited long enough. */
	#tellOverdue(): void {
		const now = performance.now();
		const grace = (UNSURE - 1) * this.#options.timeout;
		for (const pending of this.#outbox) {
			const { written, stays, reject, deadline } = pending;
			if (reject === undefined) continue;
			if (now < deadline) continue;
			if (written && !stays && now < deadline + grace) continue;
			pending.reject = undefined;
			if (!stays) {
				pending.abandoned = true;
				this.#outbox.withdraw(pending);
			}
			reject(unavailable("RabbitMQ has not confirmed it", written));
		}
	}
}

function unavailable(reason: string, unsure: boolean): SseError {
	const rest = unsure ? "it may have come through all the same" : "it was not sent";
	return new SseError("SSE_BUS_UNAVAILABLE", `The event cannot be sent now: ${reason}; ${rest}.`, {
		unsure
	});
}

function refused({ eventName, bytes }: Pending, reason: AmqpError): SseError {
	const message =
		`The event "${eventName}" of ${bytes} bytes is given up, because RabbitMQ does not take it ` +
		`(${describe(reason)}). Send less at a time: lower limits.eventBytes of SseMiddleware, ` +
		"or raise RabbitMQ's max_message_size.";
	return SseError.invalidEvent(refuse("payload", message));
}
