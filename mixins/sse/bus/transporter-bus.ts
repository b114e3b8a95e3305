import type { Context, EventSchema, ServiceBroker } from "moleculer";
import { SEND, type SseSend } from "../core/event.ts";
import type { IdSource } from "../core/id.ts";
import { readRevocationKey } from "../moleculer/revocation-id.ts";
import { hearsOthers, isConnected } from "../moleculer/transporter.ts";
import type { Bus, BusState, Listener, PublishOptions } from "./bus.ts";

/** Moleculer's own broadcast, as the next middleware gives it. */
export type Broadcast = (
	eventName: string,
	payload: unknown,
	options?: PublishOptions
) => Promise<unknown>;

/** The bus that carries `sse.send` as a Moleculer event, over any transporter or none. */
export class TransporterBus implements Bus {
	readonly #broker: ServiceBroker;
	readonly #ids: IdSource;
	readonly #broadcast: Broadcast;

	constructor(broker: ServiceBroker, ids: IdSource, broadcast: Broadcast) {
		this.#broker = broker;
		this.#ids = ids;
		this.#broadcast = broadcast;
	}

	publish(event: SseSend, _payload: string, options?: PublishOptions): Promise<unknown> {
		return this.#broadcast(SEND, { ...event, id: this.#ids.next() }, options);
	}

	get state(): BusState {
		return {
			kind: "moleculer",
			connected: isConnected(this.#broker),
			working: hearsOthers(this.#broker),
			position: this.#ids.last,
			lag: null,
			outbox: { events: 0, bytes: 0 }
		};
	}
}

/** The gateway's end of the bus: the definition of the Moleculer event that hands on what arrives. */
export function subscription(listener: (service: unknown) => Listener): EventSchema {
	return {
		// 0.14 guesses the handler's signature by its parameter's name.
		context: true,
		// A span and a queue slot an event would cost more than the event itself.
		tracing: false,
		bulkhead: { enabled: false },
		// Synchronous: events are handed on in the order in which they arrived.
		handler(this: unknown, ctx: Context<unknown, { $repl?: unknown }>): void {
			const nodeID = ctx.nodeID ?? "unknown";
			listener(this)(ctx.params, {
				nodeID,
				typed: ctx.meta.$repl === true,
				revocation: readRevocationKey(ctx.meta, nodeID)
			});
		}
	} as EventSchema;
}
