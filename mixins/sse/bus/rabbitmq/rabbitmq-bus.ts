import type { ServiceBroker } from "moleculer";
import { isRefusal, type Refusal } from "../../core/errors/refusal.ts";
import type { Address } from "../../core/event/event.ts";
import { createIdSource, type IdSource, newEpoch } from "../../core/event/event-id.ts";
import { readTraceContext, type TraceContext } from "../../core/event/trace-context.ts";
import type { IdOrder } from "../../core/history/id-order.ts";
import { SenderCounters } from "../../core/metrics/counters.ts";
import type { RabbitmqOptions } from "../../core/options/rabbitmq-options.ts";
import { CLOSE, type Revocation, writeClose } from "../../core/revocation/revocation.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import { refusePastLimit } from "../../moleculer/broadcast/packet-limit.ts";
import type { SafeBroadcast } from "../../moleculer/broadcast/safe-broadcast.ts";
import { reportIfUnhandled } from "../../moleculer/broadcast/unhandled-rejection.ts";
import type { HostService } from "../../moleculer/host-service.ts";
import { withRevocationId } from "../../moleculer/sender/revocation-id.ts";
import type { SseError } from "../../moleculer/sse-error.ts";
import type {
	Bus,
	BusReceiver,
	BusSubscription,
	EventGroups,
	Message,
	PublishOptions,
	Readable,
	ReceiverListener,
	SseBusState,
	Subscriber
} from "../bus.ts";
import { ReadingReceiver } from "../reading-receiver.ts";
import { SafeSubscriber } from "../safe-subscriber.ts";
import { writeGroupsHeader } from "./groups-header.ts";
import { RABBITMQ_ORDER } from "./id-order.ts";
import { writeEvent } from "./message-codec.ts";
import { Reader } from "./receiver/reader.ts";
import { writeRevocationHeaders } from "./revocation-header.ts";
import { Publisher, type PublishingOptions } from "./sender/publisher.ts";

/** The bus that carries `sse.send` on one RabbitMQ stream, which every gateway reads by itself. */
export class RabbitmqBus implements Bus, Readable {
	readonly isSelfCarried = true;
	readonly order: IdOrder = RABBITMQ_ORDER;
	readonly #options: RabbitmqOptions;
	readonly #broker: ServiceBroker;
	readonly #broadcast: SafeBroadcast;
	readonly #counters: SenderCounters;
	/** Ids of revocations, so that one that arrives in both ways takes effect once. */
	readonly #ids: IdSource;
	#publisher: Publisher;
	readonly #readers = new Set<Reader>();
	readonly #complaints: ThrottledLog;

	/** @param broadcast Moleculer's own, made safe: it never throws, and rejects only with `throwError`. */
	constructor(
		options: RabbitmqOptions,
		broker: ServiceBroker,
		broadcast: SafeBroadcast,
		counters: SenderCounters = new SenderCounters()
	) {
		this.#options = options;
		this.#broker = broker;
		this.#broadcast = broadcast;
		this.#counters = counters;
		this.#ids = createIdSource(broker.nodeID, newEpoch());
		this.#publisher = new Publisher(options, broker, counters);
		this.#complaints = new ThrottledLog(text => broker.logger.error(text));
	}

	listen(): void {}

	open(): Promise<void> {
		// A broker may be started again. Until then the one before refuses what is sent.
		if (this.#publisher.isClosed)
			this.#publisher = new Publisher(this.#options, this.#broker, this.#counters);
		return this.#publisher.open();
	}

	async close(): Promise<void> {
		const readers = [...this.#readers];
		await Promise.all([this.#publisher.close(), ...readers.map(reader => reader.close())]);
		this.#readers.clear();
	}

	/** RabbitMQ itself reports what else it does not take; a revocation is also sent over Moleculer's transporter. */
	refuse(name: string, message: Message, options?: PublishOptions): Refusal | undefined {
		const groups = writeGroupsHeader(options);
		if (isRefusal(groups)) return groups;
		return name === CLOSE ? refusePastLimit(this.#broker, name, message, options) : undefined;
	}

	receiver(listener: ReceiverListener, service: HostService): BusReceiver {
		return new ReadingReceiver(this, listener, service);
	}

	publish(
		address: Address,
		json: string,
		options?: PublishOptions,
		trace?: TraceContext
	): Promise<void> {
		const throwError = options?.throwError === true;
		const groups = groupsHeaderOf(options);
		const sent = this.#publish(address, json, { stays: !throwError, groups, trace });
		const complain = (error: Error) => this.#complaints.add(`SSE: ${error.message}`);
		return throwError ? reportIfUnhandled(sent, complain) : sent.catch(complain);
	}

	/** Async, so that it never throws: the whole event may be longer than a string can be. */
	async #publish(
		address: Address,
		json: string,
		{ trace: given, ...how }: PublishingOptions
	): Promise<void> {
		// Its ids may be the application's own, of any kind.
		const trace = given && readTraceContext(given.traceID, given.spanID);
		const { eventName } = address;
		await this.#publisher.publish(eventName, writeEvent(address, json), { ...how, trace });
	}

	/**
	 * Sends a revocation in both ways. The Moleculer event reaches gateways that do not hear the RabbitMQ stream, and its
	 * result is the sender's. The RabbitMQ stream also tells gateways that start later. Nobody waits for that: what RabbitMQ
	 * does not take now stays in the outbox, and what cannot be sent at all is logged.
	 */
	revoke(revocation: Revocation, options?: PublishOptions): Promise<unknown> {
		const id = this.#ids.next();
		const how = { stays: true, isAlone: true, groups: groupsHeaderOf(options) };
		for (const header of writeRevocationHeaders(revocation, id)) {
			this.#publisher
				.publish(CLOSE, header, how)
				.catch((error: Error) =>
					this.#complaints.add(
						`SSE: a revocation ("${CLOSE}") was not written to the stream: ${error.message}`
					)
				);
		}
		return this.#broadcast(CLOSE, writeClose(revocation), withRevocationId(options, id));
	}

	subscribe(subscriber: Subscriber, past: number, groups?: EventGroups): BusSubscription {
		const safe = new SafeSubscriber(subscriber, this.#broker.logger);
		const reader = new Reader(this.#options, past, safe, this.#broker, groups);
		this.#readers.add(reader);
		reader.open().catch((error: SseError) => this.#broker.logger.error(`SSE: ${error.message}`));
		return {
			filled: reader.filled,
			get promising() {
				return reader.steady.promising;
			},
			get working() {
				return reader.steady.working;
			},
			end: () => {
				this.#readers.delete(reader);
				return reader.close();
			}
		};
	}

	get state(): SseBusState {
		const [reader] = this.#readers;
		const ends = [this.#publisher, ...this.#readers].map(({ steady }) => steady);
		return {
			kind: "stream",
			connected: ends.every(({ connected }) => connected),
			working: ends.every(({ working }) => working),
			position: reader?.position ?? null,
			lag: reader?.lag ?? null,
			outbox: this.#publisher.outbox
		};
	}
}

/** What {@link RabbitmqBus.refuse} has not refused. */
function groupsHeaderOf(options: PublishOptions | undefined): string | undefined {
	const header = writeGroupsHeader(options);
	return isRefusal(header) ? undefined : header;
}
