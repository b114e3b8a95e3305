import type { ConsumeMessage } from "amqplib";
import type { Logger } from "moleculer";
import { isRefusal, type Refusal } from "../../../core/errors/refusal.ts";
import { SEND } from "../../../core/event/event.ts";
import { CLOSE } from "../../../core/revocation/revocation.ts";
import { isForGroup } from "../../../moleculer/broadcast/event-group.ts";
import type { EventGroups, Source, Subscriber } from "../../bus.ts";
import { readGroupsHeader } from "../groups-header.ts";
import { rabbitmqSortKey } from "../id-order.ts";
import { readMessage } from "../message-codec.ts";
import { HEADERS } from "../message-headers.ts";
import { writeRabbitmqId } from "../rabbitmq-id.ts";
import { readRevocationHeader } from "../revocation-header.ts";
import { NO_TRACES, readTraceHeader, type TraceContexts } from "../trace-header.ts";
import { DuplicateFilter } from "./duplicate-filter.ts";
import { readContent } from "./message-content.ts";
import type { Point } from "./point.ts";
import { SendTimes } from "./send-times.ts";

/** How a message has arrived. */
export interface Arrival {
	/** For one from before the gateway was there: `Date.now()` before which it was not written. */
	readonly pastSince?: number;
	/** `performance.now()` until which everything had arrived, for a late message; undefined for one that arrives at once. */
	readonly lateSince?: number;
}

export interface IncomingMessagesOptions {
	/** Whether trace contexts are used; default false. */
	readonly isTraced?: boolean;
	/** Those of the subscriber; default: it gets everything. */
	readonly groups?: EventGroups | undefined;
}

/** Passes on what the messages of a RabbitMQ stream contain: events, revocations, and positions without an event. */
export class IncomingMessages {
	readonly #subscriber: Subscriber;
	readonly #logger: Logger;
	readonly #groups: EventGroups | undefined;
	readonly #duplicateFilter = new DuplicateFilter();
	readonly #sendTimes = new SendTimes();
	readonly #readTraces: (header: unknown) => TraceContexts;
	#lag: number | null = null;

	constructor(
		subscriber: Subscriber,
		logger: Logger,
		{ isTraced = false, groups }: IncomingMessagesOptions = {}
	) {
		this.#subscriber = subscriber;
		this.#logger = logger;
		this.#groups = groups;
		this.#readTraces = isTraced ? readTraceHeader : () => NO_TRACES;
	}

	/** Milliseconds from the sending of the last message to its arrival; null if that is not known. */
	get lag(): number | null {
		return this.#lag;
	}

	/** Passes on the position of a message from before the past that is read. */
	noteEarlier({ content }: ConsumeMessage, point: Point): void {
		const events = readMessage(content.toString());
		const index = isRefusal(events) ? 0 : Math.max(0, events.length - 1);
		this.#subscriber.note(writeRabbitmqId({ ...point, index }), point.timestamp || Date.now());
	}

	/** @param point Place of the message on the RabbitMQ stream. */
	deliver(
		{ content, properties }: ConsumeMessage,
		point: Point,
		{ pastSince, lateSince }: Arrival
	): void {
		const { [HEADERS.origin]: origin, [HEADERS.seq]: seq } = properties.headers ?? {};
		if (typeof origin === "string" && typeof seq === "number") {
			if (this.#duplicateFilter.seen(origin, seq)) return;
		}
		const nodeID = typeof origin === "string" ? origin : (properties.appId ?? "an AMQP program");
		const groups = readGroupsHeader(properties.headers?.[HEADERS.groups]);
		const events = readContent(content, typeof origin === "string");
		if (isRefusal(events) || isRefusal(groups)) {
			const { message } = isRefusal(events) ? events : (groups as Refusal);
			this.#logger.warn(`SSE: dropped a message from '${nodeID}': ${message}`, { nodeID });
			this.#subscriber.unreadable(SEND);
			return;
		}
		const isPast = pastSince !== undefined;
		// Its sender's clock is behind, nobody knows how far: it was sent now at the latest.
		const isBehind = isPast && point.timestamp < pastSince;
		const past = isPast ? { past: (!isBehind && point.timestamp) || Date.now() } : undefined;
		const close: unknown = properties.headers?.[HEADERS.close];
		const sent =
			lateSince !== undefined && point.timestamp > 0
				? {
						sentAt: isBehind ? Date.now() : this.#sendTimes.ofLate(nodeID, point.timestamp),
						notBefore: lateSince
					}
				: undefined;
		if (sent === undefined) this.#sendTimes.cameAtOnce(nodeID, point.timestamp, Date.now());
		if (close !== undefined && isForGroup(groups, this.#groups?.[CLOSE]))
			this.#deliverRevocation(close, { nodeID, ...past, ...sent });
		// Other programs give it in whole seconds.
		const sendTime = typeof origin === "string" ? point.timestamp || undefined : undefined;
		const traces = this.#readTraces(properties.headers?.[HEADERS.trace]);
		const isOurs = isForGroup(groups, this.#groups?.[SEND]);
		for (const [index, { event, json }] of events.entries()) {
			// Clients of other gateways come with these ids too.
			if (!isOurs) {
				this.#subscriber.note(writeRabbitmqId({ ...point, index }), past?.past);
				continue;
			}
			const sortKey = rabbitmqSortKey({ ...point, index });
			const trace = traces.get(index);
			this.#subscriber.receive(event, { nodeID, sortKey, json, trace, sendTime, ...past });
		}
		if (events.length === 0)
			this.#subscriber.note(writeRabbitmqId({ ...point, index: 0 }), past?.past);
		this.#lag = point.timestamp === 0 ? null : Math.max(0, Date.now() - point.timestamp);
	}

	#deliverRevocation(text: unknown, from: Source): void {
		const header = readRevocationHeader(text);
		if (isRefusal(header)) {
			const { nodeID } = from;
			const { message } = header;
			this.#logger.warn(`SSE: dropped a revocation from '${nodeID}': ${message}`, { nodeID });
			this.#subscriber.unreadable(CLOSE);
			return;
		}
		this.#subscriber.revoked(header.close, { ...from, revocation: header.key });
	}
}
