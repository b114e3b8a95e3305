import type { Address } from "../core/event/event.ts";
import type { SortKey } from "../core/history/id-order.ts";
import type { RevocationKey } from "../core/revocation/revocation-key.ts";
import type { BroadcastOptions } from "../moleculer/broadcast/safe-broadcast.ts";

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
	readonly state: SseBusState;
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
	/** Events were lost before the next one. */
	lost(): void;
	/** Events of the past have gone by the streams that are open. */
	missed(): void;
}

/** A bus that the gateway reads by itself, beside Moleculer's events. */
export interface ReadableBus extends Bus {
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
