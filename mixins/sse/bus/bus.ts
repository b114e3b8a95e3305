import type { Refusal } from "../core/errors/refusal.ts";
import type { Address, SEND, SseEvent } from "../core/event/event.ts";
import type { TraceContext } from "../core/event/trace-context.ts";
import type { IdOrder, SortKey } from "../core/history/id-order.ts";
import type { CLOSE, Revocation } from "../core/revocation/revocation.ts";
import type { RevocationKey } from "../core/revocation/revocation-key.ts";
import type { BroadcastOptions } from "../moleculer/broadcast/safe-broadcast.ts";
import type { HostService } from "../moleculer/host-service.ts";
import type { Loss } from "./loss.ts";

/** How the sender of an event learns that a bus cannot take it; Moleculer's own rule. */
export type PublishOptions = BroadcastOptions;

/**
 * Carries events from their sender to every gateway. Each broker has one bus, made by `SseMiddleware`.
 *
 * A bus
 * - MUST give each event one id, the same on every gateway;
 * - MUST pass every event to every gateway that it can reach, including the sending node's own, in the order in which one
 *   sender published them, and with the option `groups` to those whose service is in one of these;
 * - MUST NOT pass on an event twice, change it, or delay it on its way;
 * - MUST report lost events to a gateway as soon as it can know of them;
 * - MUST go on when a gateway throws at what it is passed: the error is logged, and the event is lost;
 * - MUST, if it passes on events of the past, also pass on the revocations among them, each at its place;
 * - MUST NOT throw in `publish`, which ends like Moleculer's own broadcast, see {@link PublishOptions};
 * - MUST carry the payload's JSON unchanged, and the event's trace context with it;
 * - MUST NOT trust what it receives: to a gateway it passes `unknown`, which the gateway validates.
 */
export interface Bus {
	/**
	 * @param address Validated.
	 * @param json The event's payload, in one line.
	 * @param trace The span in which it is sent, for {@link Source.trace}; default: none.
	 */
	publish(
		address: Address,
		json: string,
		options?: PublishOptions,
		trace?: TraceContext
	): Promise<unknown>;
	/** Sends a revocation to every gateway; ends like `publish`. */
	revoke(revocation: Revocation, options?: PublishOptions): Promise<unknown>;
	/** Why the bus cannot carry a message, if that is known before it is sent. */
	refuse(
		name: typeof SEND | typeof CLOSE,
		message: Message,
		options?: PublishOptions
	): Refusal | undefined;
	/** Call this once, when the broker is created. */
	listen(): void;
	/** Starts to connect, when the broker starts; again after {@link close}. */
	open(): Promise<void>;
	/** Call this when the broker stops. */
	close(): Promise<void>;
	/** A gateway's end of the bus, which does not receive anything yet. */
	receiver(listener: ReceiverListener, service: HostService): BusReceiver;
	/** Whether it reaches other processes without Moleculer's transporter. */
	readonly isSelfCarried: boolean;
	readonly state: SseBusState;
}

/** The parts of an event, or of a revocation, that are sent. */
export interface Message {
	readonly sessionId: string | readonly string[];
	readonly eventName?: string;
	/** The event's payload. */
	readonly json?: string;
}

/** State of a node's bus. */
export interface SseBusState {
	readonly kind: "moleculer" | "stream";
	/** Whether the message broker is connected; true without one. */
	readonly connected: boolean;
	/** Whether events can be sent and received: a connection is of no use without a working channel. */
	readonly working: boolean;
	/** The last id that this node has given (Moleculer events) or that its gateway has read (stream); null before the first. */
	readonly position: string | null;
	/** Milliseconds from the sending of that event to its arrival; null if that is not known. */
	readonly lag: number | null;
	/** Events sent on this node that the message broker has not confirmed yet, and their bytes in UTF-8. */
	readonly outbox: { readonly events: number; readonly bytes: number };
}

/** The source of an event. */
export interface Source {
	/** The node that sent it; if that is not known, a name for the sender. */
	readonly nodeID: string;
	/** Whether it was typed into the REPL, which reads ids as numbers. */
	readonly fromRepl?: boolean;
	/** Set if the bus gives ids on arrival. An id in the event itself is then ignored. */
	readonly id?: string;
	/** The sort key of that id, from a bus that has ids as numbers: then there is no `id`. */
	readonly sortKey?: SortKey;
	/** The payload's JSON in UTF-8, in one line, if the bus has it separate from the event. */
	readonly json?: Uint8Array | undefined;
	/** The sampled span in which it was sent, if there was one. */
	readonly trace?: TraceContext | undefined;
	/**
	 * Milliseconds since 1970 at which it was sent, for an event of the past, from before the gateway was there: for returning
	 * streams, not for open ones.
	 */
	readonly past?: number;
	/** Latest time at which a late revocation was sent, in milliseconds since 1970; default `past`. */
	readonly sentAt?: number;
	/**
	 * `performance.now()` until which everything that was sent had arrived: what arrives late was not sent before that,
	 * whatever its sender's clock says. Default: not known.
	 */
	readonly notBefore?: number;
	/** Milliseconds since 1970 at which an event was sent, by its sender's clock, if it is known. */
	readonly sendTime?: number | undefined;
	/** Identifies a revocation, if its sender does: it may arrive in two ways. */
	readonly revocation?: RevocationKey | undefined;
}

/** Receives what arrives at a gateway: events or revocations that are not validated yet. */
export type Listener = (event: unknown, from: Source) => void;

/** A gateway, as its bus sees it. */
export interface Subscriber {
	readonly receive: Listener;
	/** Everything received so far is void: the bus passes on the past again, under the ids that are valid from now on. */
	begin(): void;
	/**
	 * A position in the order of the bus at which there is no event.
	 *
	 * @param past See {@link Source}.
	 */
	note(id: string, past?: number): void;
	/**
	 * A revocation with a place in the order of the bus, not validated yet. It may also arrive as a Moleculer event, before or
	 * after, with the same `from.revocation`.
	 */
	readonly revoked: Listener;
	/** Events were lost. @param loss Which ones; default: any that were sent before the next one. */
	lost(loss?: Loss): void;
	/** Events of the past were not passed to the open streams. */
	missed(): void;
	/** An event, or a revocation, arrived that cannot be read; it is logged. */
	unreadable(name: typeof SEND | typeof CLOSE): void;
}

/** A gateway, as its end of the bus sees it. */
export interface ReceiverListener extends Subscriber {
	/** An event's turn has come. Its `id`, or `sortKey`, is the one that the bus gave it, if any. */
	handOn(event: SseEvent, from: Source): void;
	/** Revocations were sent that have not arrived. */
	revocationsLost(loss: Loss): void;
	/** The state of {@link BusReceiver} may have changed. */
	changed(): void;
}

/**
 * A gateway's end of a bus: puts what arrives in order, and knows what may be missing. Moleculer events (`sse.send`,
 * `sse.close`) arrive at the gateway whichever bus there is, and the gateway passes them to this.
 */
export interface BusReceiver {
	/**
	 * The order of the ids of its events.
	 *
	 * @param maxAge Milliseconds for which the gateway keeps events.
	 */
	order(maxAge: number): IdOrder;
	/** Whether nothing is suspected to be missing before what has arrived: only then may events be sent with their ids. */
	readonly isWhole: boolean;
	/** Whether events may be late, or lost and reported as such: the gateway does not hear everything now. */
	readonly isDegraded: boolean;
	/** Whether senders are being asked for their positions, and are likely to answer: losses are then reported together. */
	readonly isMeeting: boolean;
	/** `performance.now()` before which no time of sending is known, because the machine was suspended. */
	readonly awakeSince: number;
	/** Takes an event that the gateway has validated, and passes it on when its turn comes. */
	take(event: SseEvent, from: Source): void;
	/** A revocation has arrived as a Moleculer event. */
	tookRevocation(from: Source): void;
	/** A node reports how far its events, or revocations, have come. */
	readonly hear: Listener;
	/** A gateway asks senders for their positions. */
	readonly meet: Listener;
	/** Starts to notice what does not arrive; calling it again is harmless. Call this before the transporter connects. */
	listen(): void;
	/**
	 * Starts to receive.
	 *
	 * @param past Milliseconds of the past that are passed on first, if the bus can; 0 = none.
	 * @returns Resolves when they have been passed on, or cannot be for now.
	 */
	start(past: number): Promise<void>;
	stop(): Promise<void>;
}

/** Creates a gateway's end of a bus. */
export type MakeReceiver = (listener: ReceiverListener, service: HostService) => BusReceiver;

/** A bus that a gateway reads by itself, see `ReadingReceiver`. */
export interface Readable {
	/** The order of event ids, in which all gateways get the events. */
	readonly order: IdOrder;
	/**
	 * @param past Milliseconds of the past that the subscriber gets first; 0 = none.
	 * @param groups What is sent only to other groups is a position to the subscriber; default: it gets everything.
	 * @returns The subscription, which starts at once.
	 */
	subscribe(subscriber: Subscriber, past: number, groups?: EventGroups): BusSubscription;
}

/** The Moleculer groups in which a gateway hears the events of the bus; undefined = it gets everything. */
export interface EventGroups {
	readonly [SEND]: string | undefined;
	readonly [CLOSE]: string | undefined;
}

export interface BusSubscription {
	/** Resolves when the past has been read; not before the message broker can be reached. */
	readonly filled: Promise<void>;
	/** Whether the past can be expected: the message broker is connected, and allows reading. */
	readonly promising: boolean;
	/** Whether everything on the bus arrives. */
	readonly working: boolean;
	end(): Promise<void>;
}
