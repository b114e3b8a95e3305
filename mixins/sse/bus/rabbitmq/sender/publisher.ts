import { setTimeout as delay } from "node:timers/promises";
import type { ConfirmChannel } from "amqplib";
import type { Logger, ServiceBroker } from "moleculer";
import { encodeOrigin, newEpoch } from "../../../core/event/event-id.ts";
import type { TraceContext } from "../../../core/event/trace-context.ts";
import type { SenderCounters } from "../../../core/metrics/counters.ts";
import type { FailureReason } from "../../../core/metrics/label-values.ts";
import type { RabbitmqOptions } from "../../../core/options/rabbitmq-options.ts";
import type { AmqpError } from "../amqp-error.ts";
import { ReconnectingChannel } from "../reconnecting-channel.ts";
import { nameOf } from "../stream-name.ts";
import { Outbox, type OutgoingMessage } from "./outbox.ts";
import { OutboxWriter } from "./outbox-writer.ts";
import { type OutgoingEvent, refused, unavailable } from "./outgoing-event.ts";

/**
 * Times `timeout` for which a sender waits to hear of an event that was written when the connection broke: only once the
 * connection is back is it known whether RabbitMQ has it.
 */
const UNSURE = 6;
/** Number of checks of waiting events per `timeout`. */
const LOOKS = 20;

export interface PublishingOptions {
	/** Whether it stays in the outbox, to be sent later, if RabbitMQ does not take it in time. */
	readonly stays: boolean;
	/** Whether it is a revocation; default false. */
	readonly isAlone?: boolean;
	/** See {@link Outgoing.groups}. */
	readonly groups?: string | undefined;
	/** Sent with the event; default: none. */
	readonly trace?: TraceContext | undefined;
}

/** A node's path to the RabbitMQ stream: an event that it takes gets there, once, or its sender is told. */
export class Publisher {
	readonly #options: RabbitmqOptions;
	readonly #logger: Logger;
	readonly #counters: SenderCounters;
	readonly #outbox: Outbox<OutgoingEvent>;
	readonly #writer: OutboxWriter;
	readonly #steady: ReconnectingChannel<ConfirmChannel>;
	#look: NodeJS.Timeout | undefined;
	#state: "new" | "open" | "closed" = "new";

	constructor(options: RabbitmqOptions, broker: ServiceBroker, counters: SenderCounters) {
		const { nodeID, logger } = broker;
		this.#options = options;
		this.#counters = counters;
		this.#logger = logger;
		this.#outbox = new Outbox(options.outbox);
		this.#writer = new OutboxWriter(`moleculer-sse publisher of ${nameOf(broker)}`, {
			stream: options,
			origin: `${encodeOrigin(nodeID)}.${newEpoch()}`,
			outbox: this.#outbox,
			logger,
			onRefused: this.#giveUp
		});
		this.#steady = new ReconnectingChannel(this.#writer, logger);
	}

	/** State of the connection. */
	get steady(): Readonly<Pick<ReconnectingChannel<ConfirmChannel>, "connected" | "working">> {
		return this.#steady;
	}

	/** Whether it takes nothing any more. */
	get isClosed(): boolean {
		return this.#state === "closed";
	}

	/** What RabbitMQ has not confirmed yet, and is still to be sent. */
	get outbox(): { events: number; bytes: number } {
		if (this.isClosed) return { events: 0, bytes: 0 };
		return { events: this.#outbox.length, bytes: this.#outbox.bytes };
	}

	/** Starts to connect; calling this again is harmless. */
	async open(): Promise<void> {
		if (this.#state === "open") return;
		this.#state = "open";
		await this.#steady.open(this.#options);
	}

	/** Waits for what is under way as long as its senders would, and gives up the rest. */
	async close(): Promise<void> {
		const patience = performance.now() + this.#options.timeout;
		while (this.#outbox.length > 0 && performance.now() < patience) await delay(20);
		this.#state = "closed";
		clearInterval(this.#look);
		const rest = this.#outbox.length;
		if (rest > 0) this.#logger.error(`SSE: the node stops, and ${rest} events were not sent.`);
		for (const outgoingEvent of this.#outbox) {
			if (outgoingEvent.reject === undefined) continue;
			this.#count("stopped", outgoingEvent);
			outgoingEvent.reject(unavailable("the node has stopped", outgoingEvent.written));
		}
		await this.#steady.close();
	}

	/**
	 * @param eventName For error messages.
	 * @param json The event; for a revocation its header, see {@link OutgoingEvent}.
	 * @returns Resolves when RabbitMQ has the event.
	 * @throws SseError `SSE_BUS_UNAVAILABLE`, as a rejection; `SSE_INVALID_EVENT` if RabbitMQ will never take it.
	 */
	async publish(
		eventName: string,
		json: string,
		{ stays, isAlone = false, groups, trace }: PublishingOptions
	): Promise<void> {
		if (this.#state === "closed") {
			this.#count("stopped", { isAlone });
			throw unavailable("the node has stopped", false);
		}
		await new Promise<void>((resolve, reject) => {
			const outgoingEvent: OutgoingEvent = {
				eventName,
				json,
				bytes: Buffer.byteLength(json),
				deadline: performance.now() + this.#options.timeout,
				stays,
				isAlone,
				groups,
				trace,
				written: false,
				abandoned: false,
				reject,
				onConfirmed: resolve
			};
			if (!this.#outbox.add(outgoingEvent)) {
				this.#count("full", outgoingEvent);
				reject(unavailable("the outbox is full", false));
				return;
			}
			this.#writer.schedule();
			this.#look ??= setInterval(() => this.#tellOverdue(), this.#options.timeout / LOOKS).unref();
		});
	}

	readonly #giveUp = (message: OutgoingMessage<OutgoingEvent>, reason: AmqpError): void => {
		this.#outbox.drop(message);
		for (const outgoingEvent of message.events) {
			const error = refused(outgoingEvent, reason);
			if (outgoingEvent.reject !== undefined) {
				this.#count("refused", outgoingEvent);
				outgoingEvent.reject(error);
			} else if (outgoingEvent.stays) this.#logger.error(`SSE: ${error.message}`);
		}
	};

	/** An event counts once: when its sender hears that it failed. Revocations are not events. */
	#count(reason: FailureReason, { isAlone }: Pick<OutgoingEvent, "isAlone">): void {
		if (!isAlone) this.#counters.eventsFailed.add(reason);
	}

	/** Tells the senders of events that have waited long enough. */
	#tellOverdue(): void {
		if (this.#outbox.length === 0) {
			clearInterval(this.#look);
			this.#look = undefined;
		}
		const now = performance.now();
		const grace = (UNSURE - 1) * this.#options.timeout;
		for (const outgoingEvent of this.#outbox) {
			const { written, stays, reject, deadline } = outgoingEvent;
			if (reject === undefined) continue;
			if (now < deadline) continue;
			if (written && !stays && now < deadline + grace) continue;
			outgoingEvent.reject = undefined;
			this.#count("unconfirmed", outgoingEvent);
			if (!stays) {
				outgoingEvent.abandoned = true;
				this.#outbox.withdraw(outgoingEvent);
			}
			reject(unavailable("RabbitMQ has not confirmed it", written));
		}
	}
}
