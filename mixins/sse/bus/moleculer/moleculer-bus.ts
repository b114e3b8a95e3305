import type { Context, EventSchema, ServiceBroker } from "moleculer";
import type { Refusal } from "../../core/errors/refusal.ts";
import { type Address, SEND } from "../../core/event/event.ts";
import { newEpoch } from "../../core/event/event-id.ts";
import { readTraceContext, type TraceContext } from "../../core/event/trace-context.ts";
import { CLOSE, type Revocation, writeClose } from "../../core/revocation/revocation.ts";
import { groupsOf } from "../../moleculer/broadcast/broadcast-options.ts";
import { refusePastLimit } from "../../moleculer/broadcast/packet-limit.ts";
import type { SafeBroadcast } from "../../moleculer/broadcast/safe-broadcast.ts";
import type { HostService } from "../../moleculer/host-service.ts";
import { type Metrics, metricsOf } from "../../moleculer/metrics/metrics.ts";
import { readSendTime } from "../../moleculer/metrics/send-time.ts";
import { readRevocationKey, withRevocationId } from "../../moleculer/sender/revocation-id.ts";
import { withTraceContext } from "../../moleculer/tracing/trace-options.ts";
import { hearsOthers, isConnected } from "../../moleculer/transporter/transporter-health.ts";
import type {
	Bus,
	BusReceiver,
	Listener,
	Message,
	PublishOptions,
	ReceiverListener,
	SseBusState
} from "../bus.ts";
import { MoleculerReceiver } from "./receiver/moleculer-receiver.ts";
import { PositionAnnouncer } from "./sender/position-announcer.ts";
import { Sequences } from "./sender/sequences.ts";

/** The bus that carries `sse.send` as a Moleculer event, over any transporter or none. */
export class MoleculerBus implements Bus {
	readonly isSelfCarried = false;
	readonly #broker: ServiceBroker;
	readonly #sequences: Sequences;
	/** Counted apart from the events, because a number that no event has counts as a lost event. */
	readonly #revocations: Sequences;
	readonly #teller: PositionAnnouncer;
	readonly #broadcast: SafeBroadcast;
	readonly #metrics: Metrics;

	/** @param broadcast Moleculer's `broadcast`, made safe: it never throws, and rejects only with `throwError`. */
	constructor(broker: ServiceBroker, broadcast: SafeBroadcast) {
		const { nodeID } = broker;
		this.#broker = broker;
		this.#sequences = new Sequences(nodeID, newEpoch());
		this.#revocations = new Sequences(nodeID, newEpoch(), "close");
		this.#broadcast = broadcast;
		this.#metrics = metricsOf(broker);
		const counted = [this.#sequences, this.#revocations];
		this.#teller = new PositionAnnouncer(broker, {
			*[Symbol.iterator]() {
				for (const sequences of counted) yield* sequences;
			}
		});
	}

	listen(): void {
		this.#teller.listen();
	}

	/** Does nothing: the broker connects by itself. */
	async open(): Promise<void> {}

	async close(): Promise<void> {}

	refuse(name: string, message: Message, options?: PublishOptions): Refusal | undefined {
		return refusePastLimit(this.#broker, name, message, options);
	}

	receiver(listener: ReceiverListener, service: HostService): BusReceiver {
		return new MoleculerReceiver(listener, service);
	}

	/** The payload travels as text, so that it is the same on every gateway, whatever serializers and cloning do to values. */
	publish(
		{ eventName, sessionId }: Address,
		json: string,
		given?: PublishOptions,
		trace?: TraceContext
	): Promise<unknown> {
		const options = trace === undefined ? given : withTraceContext(given, trace);
		this.#teller.prepare();
		const sequence = this.#sequences.of(groupsOf(options));
		if (sequence === undefined)
			return this.#broadcast(SEND, { eventName, sessionId, json }, options);
		const id = sequence.ids.next();
		this.#teller.sent(sequence);
		const event: { id?: string; [field: string]: unknown } = { eventName, sessionId, json, id };
		const takeBack = () => {
			// Gateways take a number that no event has for a lost event.
			sequence.ids.takeBack(id);
			// A middleware may send it again, when the next event has the number.
			delete event.id;
		};
		return this.#broadcast(SEND, event, this.#metrics.stamp(options, id), takeBack);
	}

	/** The number lets a gateway notice a revocation that it missed. */
	revoke(revocation: Revocation, options?: PublishOptions): Promise<unknown> {
		this.#teller.prepare();
		const sequence = this.#revocations.of(groupsOf(options));
		const id = sequence?.ids.next();
		if (sequence !== undefined) this.#teller.sent(sequence);
		const stamped = withRevocationId(options, id);
		const takeBack = () => {
			if (id !== undefined) sequence?.ids.takeBack(id);
			delete stamped.meta.$sse.revocation;
		};
		return this.#broadcast(CLOSE, writeClose(revocation), stamped, takeBack);
	}

	get state(): SseBusState {
		return {
			kind: "moleculer",
			connected: isConnected(this.#broker),
			working: hearsOthers(this.#broker),
			position: this.#sequences.of(undefined)?.ids.last ?? null,
			lag: null,
			outbox: { events: 0, bytes: 0 }
		};
	}
}

/** The gateway's end of the bus: the definition of the Moleculer event that passes on what arrives. */
export function subscription(listener: (service: unknown) => Listener): EventSchema {
	return {
		// Moleculer 0.14 guesses the handler's signature from its parameter's name.
		context: true,
		// A span and a queue slot for each event would cost more than the event itself.
		tracing: false,
		bulkhead: { enabled: false },
		// Synchronous, so that events are passed on in the order of their arrival.
		handler(this: unknown, ctx: Context<unknown, { $repl?: unknown }>): void {
			const nodeID = ctx.nodeID ?? "unknown";
			listener(this)(ctx.params, {
				nodeID,
				fromRepl: ctx.meta.$repl === true,
				sendTime: readSendTime(ctx.meta, ctx.params),
				revocation: readRevocationKey(ctx.meta, nodeID),
				trace: ctx.tracing === true ? readTraceContext(ctx.requestID, ctx.parentID) : undefined
			});
		}
	} as EventSchema;
}
