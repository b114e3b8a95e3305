import { setTimeout as delay } from "node:timers/promises";
import { readableBus } from "../../bus/broker-bus.ts";
import type { BusSubscription, Subscriber } from "../../bus/bus.ts";
import { hearsOthers } from "../../moleculer/transporter/transporter-health.ts";
import type { GatewayService } from "../types.ts";

/** Milliseconds that a start waits for the message broker, and for the past to be read from it. */
const CONNECT_PATIENCE = 3000;
const FILL_PATIENCE = 30_000;

/** How a gateway hears its bus: Moleculer brings it the events, or it reads them itself. */
export class GatewayBusSubscription {
	readonly #subscriber: Subscriber;
	readonly #past: number;
	readonly #service: GatewayService;
	#subscription: BusSubscription | undefined;

	/** @param past Milliseconds of the past that the subscriber is told first; 0 = none. */
	constructor(subscriber: Subscriber, past: number, service: GatewayService) {
		this.#subscriber = subscriber;
		this.#past = past;
		this.#service = service;
	}

	/** Whether events may be late, or lost and told: the gateway does not hear everything now. */
	get isDegraded(): boolean {
		if (this.#subscription !== undefined) return !this.#subscription.working;
		return !hearsOthers(this.#service.broker);
	}

	/**
	 * Where the bus can tell of the past, it is read first: clients that come back find there what they
	 * missed. Without a message broker streams are served all the same.
	 */
	async start(): Promise<void> {
		const bus = readableBus(this.#service.broker);
		if (bus === undefined) return;
		this.#subscriber.begin();
		const subscription = bus.subscribe(this.#subscriber, this.#past);
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
