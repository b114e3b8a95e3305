import type { Logger } from "moleculer";
import { stackOf } from "../core/errors/guard.ts";
import { ThrottledLog } from "../core/util/throttled-log.ts";
import type { Listener, Subscriber } from "./bus.ts";

/**
 * A subscriber that never throws at the bus that calls it: amqplib would end the connection, and the same message would arrive
 * again on the next one. The error is logged, and an event that it affects counts as lost.
 */
export class SafeSubscriber implements Subscriber {
	readonly #subscriber: Subscriber;
	readonly #complaints: ThrottledLog;

	constructor(subscriber: Subscriber, logger: Logger) {
		this.#subscriber = subscriber;
		this.#complaints = new ThrottledLog(text => logger.error(text));
	}

	readonly receive: Listener = (event, from) => {
		try {
			this.#subscriber.receive(event, from);
		} catch (error) {
			this.#complain(`an event from '${from.nodeID}' was not delivered`, error);
			this.lost();
		}
	};

	readonly revoked: Listener = (revocation, from) => {
		this.#safely(() => this.#subscriber.revoked(revocation, from));
	};

	begin(): void {
		this.#safely(() => this.#subscriber.begin());
	}

	note(id: string, past?: number): void {
		this.#safely(() => this.#subscriber.note(id, past));
	}

	lost(): void {
		this.#safely(() => this.#subscriber.lost());
	}

	missed(): void {
		this.#safely(() => this.#subscriber.missed());
	}

	unreadable(name: Parameters<Subscriber["unreadable"]>[0]): void {
		this.#safely(() => this.#subscriber.unreadable(name));
	}

	#safely(action: () => void): void {
		try {
			action();
		} catch (error) {
			this.#complain("the gateway failed to handle a message from its bus", error);
		}
	}

	#complain(what: string, thrown: unknown): void {
		this.#complaints.add(`SSE: ${what}: ${stackOf(thrown)}`);
	}
}
