import type { Refusal } from "../core/errors/refusal.ts";
import type { Address, SEND, SseEvent } from "../core/event/event.ts";
import type { IdOrder, SortKey } from "../core/history/id-order.ts";
import type { CLOSE, Revocation } from "../core/revocation/revocation.ts";
import type { RevocationKey } from "../core/revocation/revocation-key.ts";
import type { BroadcastOptions } from "../moleculer/broadcast/safe-broadcast.ts";
import type { HostService } from "../moleculer/host-service.ts";
import type { Loss } from "./loss.ts";

/** How the sender of an event wants to hear of a bus that cannot take it; Moleculer's own rule. */
export type PublishOptions = BroadcastOptions;

/**
 * The way of an event from its sender to every gateway. One bus a broker, made by `SseMiddleware`.
 *
 * A bus
 * - MUST give each event one id, the same on every gateway;
 * - MUST hand every event to every gateway that it can reach, the sending node's own included, and in
 *   the order in which one sender published them;
 * - MUST NOT hand on an event twice, change it, or hold it back on its way;
 * - MUST tell a gateway of events that were lost, as soon as it can know;
 * - MUST go on when a gateway throws at what it is handed: the fault is logged, and the event is lost;
 * - MUST, if it tells of the past, tell in it of the revocations too, each at its place among the events;
 * - MUST NOT throw in `publish`, which ends as Moleculer's own broadcast does, see {@link PublishOptions};
 * - MUST carry the payload's JSON as it is;
 * - MUST NOT trust what it receives: to a gateway it hands on `unknown`, which the gateway validates.
 */
export interface Bus {
	/**
	 * @param address Validated.
	 * @param json The event's payload, in one line.
	 */
	publish(address: Address, json: string, options?: PublishOptions): Promise<unknown>;
	/** Sends a revocation to every gateway; it ends as `publish` does. */
	revoke(revocation: Revocation, options?: PublishOptions): Promise<unknown>;
	/** Why it cannot carry a message, if that is known before it is sent. */
	refuse(
		name: typeof SEND | typeof CLOSE,
		message: Message,
		options?: PublishOptions
	): Refusal | undefined;
	/** To be called once, when the broker is created. */
	listen(): void;
	/** Begins to connect, when the broker starts; again after {@link close}. */
	open(): Promise<void>;
	/** When the broker stops. */
	close(): Promise<void>;
	/** A gateway's end of it, that does not receive anything yet. */
	receiver(listener: ReceiverListener, service: HostService): BusReceiver;
	/** Whether it reaches other processes without Moleculer's transporter. */
	readonly isSelfCarried: boolean;
	readonly state: SseBusState;
}

/** What travels of an event, or of a revocation. */
export interface Message {
	readonly sessionId: string | readonly string[];
	readonly eventName?: string;
	/** The event's payload. */
	readonly json?: string;
}

/** How a node's bus is. */
export interface SseBusState {
	readonly kind: "moleculer" | "stream";
	/** Whether the message broker is connected; true without one. */
	readonly connected: boolean;
	/** Whether events come and go: a connection is of no use without a working channel. */
	readonly working: boolean;
	/**
	 * The last id that this node has given (Moleculer events) or that its gateway has read (stream);
	 * null before the first.
	 */
	readonly position: string | null;
	/** Milliseconds from the sending of that event to its arrival; null if that is not known. */
	readonly lag: number | null;
	/** Events sent on this node that the message broker has not confirmed yet, and their bytes in UTF-8. */
	readonly outbox: { readonly events: number; readonly bytes: number };
}

/** Where an event comes from. */
export interface Source {
	/** The node that sent it, or what is known in place of one. */
	readonly nodeID: string;
	/** Typed into the REPL, which reads numbers where ids are meant. */
	readonly fromRepl?: boolean;
	/** Given if the bus gives ids on arrival. What stands in the event itself then counts for nothing. */
	readonly id?: string;
	/** Where that id stands, from a bus that knows it in numbers: then it is not given as a text. */
	readonly sortKey?: SortKey;
	/** The payload's JSON in UTF-8, in one line, if the bus has it apart from the event. */
	readonly json?: Uint8Array | undefined;
	/**
	 * Milliseconds since 1970 at which it was sent, for an event of the past, from before the gateway was
	 * there: for streams that come back, not for those that are open.
	 */
	readonly past?: number;
	/** Milliseconds since 1970 at which it was sent, at the latest, for a revocation that comes late; default `past`. */
	readonly sentAt?: number;
	/**
	 * `performance.now()` until which everything that was sent had come: what comes late was not sent before, whatever
	 * its sender's clock says. Default: nothing is known of that.
	 */
	readonly notBefore?: number;
	/** Which revocation it is, if it is one, and its sender says so: it may come in two ways. */
	readonly revocation?: RevocationKey | undefined;
}

/** What arrives at a gateway: events, or revocations, that are not validated yet. */
export type Listener = (event: unknown, from: Source) => void;

/** A gateway, as its bus sees it. */
export interface Subscriber {
	readonly receive: Listener;
	/** What was received so far is over: the bus tells of the past anew, under the ids that count from now on. */
	begin(): void;
	/**
	 * A point in the order of the bus at which there is no event.
	 *
	 * @param past As of {@link Source}.
	 */
	note(id: string, past?: number): void;
	/**
	 * A revocation that stands in the order of the bus, not validated yet. It may have come as a Moleculer event too, or
	 * will: `from.revocation` is the same then.
	 */
	readonly revoked: Listener;
	/** Events were lost. @param loss Which; default: any that were sent before the next one. */
	lost(loss?: Loss): void;
	/** Events of the past have gone by the streams that are open. */
	missed(): void;
}

/** A gateway, as its end of the bus sees it. */
export interface ReceiverListener extends Subscriber {
	/** An event's turn has come: its `id`, or `sortKey`, is the one that the bus has given it, if any. */
	handOn(event: SseEvent, from: Source): void;
	/** Revocations were sent that have not come. */
	revocationsLost(loss: Loss): void;
	/** What {@link BusReceiver} says of itself may be another. */
	changed(): void;
}

/**
 * A gateway's end of a bus: puts what arrives in its place, and knows what may be missing. What comes as a Moleculer event
 * (`sse.send`, `sse.close`) comes to the gateway whichever bus there is, and from there to it.
 */
export interface BusReceiver {
	/**
	 * What the ids of its events say about their order.
	 *
	 * @param maxAge Milliseconds for which the gateway keeps events.
	 */
	order(maxAge: number): IdOrder;
	/** Whether nothing is suspected to be missing before what has come: only then may the ids of events be given. */
	readonly isWhole: boolean;
	/** Whether events may be late, or lost and told: the gateway does not hear everything now. */
	readonly isDegraded: boolean;
	/** Whether senders are being asked where they are, and are likely to answer: what is missing is told together then. */
	readonly isMeeting: boolean;
	/** `performance.now()` before which nothing is known of when something was sent: the machine was suspended then. */
	readonly awakeSince: number;
	/** Takes an event that the gateway has validated, and hands it on when its turn comes. */
	take(event: SseEvent, from: Source): void;
	/** A revocation has come as a Moleculer event. */
	tookRevocation(from: Source): void;
	/** A node says how far its events, or revocations, have come. */
	readonly hear: Listener;
	/** A gateway asks the senders where they are. */
	readonly meet: Listener;
	/** Notices from now on what does not come; again is harmless. To be called before the transporter connects. */
	listen(): void;
	/**
	 * Receives from now on.
	 *
	 * @param past Milliseconds of the past that are told first, if the bus can; 0 = none.
	 * @returns Resolves when they have been told, or cannot be for now.
	 */
	start(past: number): Promise<void>;
	stop(): Promise<void>;
}

/** Makes a gateway's end of a bus. */
export type MakeReceiver = (listener: ReceiverListener, service: HostService) => BusReceiver;

/** A bus that a gateway reads by itself, see `ReadingReceiver`. */
export interface Readable {
	/** The one order in which all gateways get the events, by their ids. */
	readonly order: IdOrder;
	/**
	 * @param past Milliseconds of the past that the subscriber is told first; 0 = none.
	 * @returns The subscription, which begins at once.
	 */
	subscribe(subscriber: Subscriber, past: number): BusSubscription;
}

export interface BusSubscription {
	/** Resolves when the past has been read; not before the message broker can be reached. */
	readonly filled: Promise<void>;
	/** Whether the past may be expected: the message broker is connected, and lets itself be read. */
	readonly promising: boolean;
	/** Whether everything that there is comes in. */
	readonly working: boolean;
	end(): Promise<void>;
}
