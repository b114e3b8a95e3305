import { setTimeout as delay } from "node:timers/promises";
import { SEND, type SseEvent } from "../core/event/event.ts";
import type { IdOrder } from "../core/history/id-order.ts";
import { CLOSE } from "../core/revocation/revocation.ts";
import { groupOf } from "../moleculer/broadcast/event-group.ts";
import type { HostService } from "../moleculer/host-service.ts";
import { hearsOthers } from "../moleculer/transporter/transporter-health.ts";
import type { BusReceiver, BusSubscription, Readable, ReceiverListener, Source } from "./bus.ts";

/** Milliseconds for which a start waits for the message broker, and for the past to be read from it. */
const CONNECT_PATIENCE = 3000;
const FILL_PATIENCE = 30_000;

/** A gateway's end of a bus that it reads by itself, and that gives all gateways the same events in one order. */
export class ReadingReceiver implements BusReceiver {
	/** The bus itself reports what it has lost. */
	readonly isWhole = true;
	readonly isMeeting = false;
	readonly awakeSince: number = Number.NEGATIVE_INFINITY;
	readonly #bus: Readable;
	readonly #listener: ReceiverListener;
	readonly #service: HostService;
	#subscription: BusSubscription | undefined;

	constructor(bus: Readable, listener: ReceiverListener, service: HostService) {
		this.#bus = bus;
		this.#listener = listener;
		this.#service = service;
	}

	order(): IdOrder {
		return this.#bus.order;
	}

	get isDegraded(): boolean {
		if (this.#subscription !== undefined) return !this.#subscription.working;
		return !hearsOthers(this.#service.broker);
	}

	/** What arrives outside the bus has no place in its order. */
	take(event: SseEvent, from: Source): void {
		event.id = from.id;
		event.sortKey = from.sortKey;
		this.#listener.handOn(event, from);
	}

	tookRevocation(): void {}

	hear(): void {}

	meet(): void {}

	listen(): void {}

	/**
	 * If the bus has the past, it is read first, so that returning clients find what they missed. Streams are served without a
	 * message broker too.
	 */
	async start(past: number): Promise<void> {
		this.#listener.begin();
		const groups = {
			[SEND]: groupOf(this.#service, SEND),
			[CLOSE]: groupOf(this.#service, CLOSE)
		};
		const subscription = this.#bus.subscribe(this.#listener, past, groups);
		this.#subscription = subscription;

		let isFilled = false;
		const filled = subscription.filled.then(() => {
			isFilled = true;
		});
		const begun = performance.now();
		while (!isFilled && this.#subscription === subscription) {
			const patience = subscription.promising ? FILL_PATIENCE : CONNECT_PATIENCE;
			if (performance.now() - begun > patience) {
				this.#service.logger.warn(
					"SSE: the RabbitMQ stream cannot be read yet. Clients are served meanwhile, as degraded."
				);
				return;
			}
			await Promise.race([filled, delay(100)]);
		}
	}

	async stop(): Promise<void> {
		const subscription = this.#subscription;
		this.#subscription = undefined;
		await subscription?.end();
	}
}
