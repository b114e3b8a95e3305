import type { ServiceBroker } from "moleculer";
import type { Address } from "../../core/event/event.ts";
import type { RabbitmqOptions } from "../../core/options/rabbitmq-options.ts";
import { CLOSE, type Revocation } from "../../core/revocation/revocation.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import { reportIfUnhandled } from "../../moleculer/broadcast/unhandled-rejection.ts";
import type { SseError } from "../../moleculer/sse-error.ts";
import type {
	BusSubscription,
	PublishOptions,
	ReadableBus,
	SseBusState,
	Subscriber
} from "../bus.ts";
import { SafeSubscriber } from "../safe-subscriber.ts";
import { writeEvent } from "./message-codec.ts";
import { Publisher } from "./publisher.ts";
import { Reader } from "./reader.ts";
import { writeRevocationHeaders } from "./revocation-header.ts";

/** The bus that carries `sse.send` on one RabbitMQ stream, which every gateway reads by itself. */
export class RabbitmqBus implements ReadableBus {
	readonly #options: RabbitmqOptions;
	readonly #broker: ServiceBroker;
	readonly #publisher: Publisher;
	readonly #readers = new Set<Reader>();
	readonly #complaints: ThrottledLog;

	constructor(options: RabbitmqOptions, broker: ServiceBroker) {
		this.#options = options;
		this.#broker = broker;
		this.#publisher = new Publisher(options, broker);
		this.#complaints = new ThrottledLog(text => broker.logger.error(text));
	}

	/** Begins to connect. */
	open(): Promise<void> {
		return this.#publisher.open();
	}

	async close(): Promise<void> {
		await Promise.all([
			this.#publisher.close(),
			...[...this.#readers].map(reader => reader.close())
		]);
	}

	publish(address: Address, json: string, options?: PublishOptions): Promise<void> {
		const throwError = options?.throwError === true;
		const sent = this.#publish(address, json, !throwError);
		const complain = (error: Error) => this.#complaints.add(`SSE: ${error.message}`);
		return throwError ? reportIfUnhandled(sent, complain) : sent.catch(complain);
	}

	/** Never throws: the event as a whole may be longer than a text may be. */
	async #publish(address: Address, json: string, stays: boolean): Promise<void> {
		await this.#publisher.publish(address.eventName, writeEvent(address, json), stays);
	}

	/**
	 * Writes a revocation onto the stream as well, among the events that are sent. Nobody waits for that: what RabbitMQ
	 * does not take now stays in the outbox, and what does not go at all is logged.
	 */
	revoke(revocation: Revocation, id: string): void {
		for (const header of writeRevocationHeaders(revocation, id)) {
			this.#publisher
				.publish(CLOSE, header, true, true)
				.catch((error: Error) =>
					this.#complaints.add(
						`SSE: a revocation ("${CLOSE}") was not written to the stream: ${error.message}`
					)
				);
		}
	}

	subscribe(subscriber: Subscriber, past: number): BusSubscription {
		const safe = new SafeSubscriber(subscriber, this.#broker.logger);
		const reader = new Reader(this.#options, past, safe, this.#broker);
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
