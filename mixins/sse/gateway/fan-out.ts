import type { Listener, Source, Subscriber } from "../bus/bus.ts";
import type { SenderLimits } from "../core/access-options.ts";
import { Continuity } from "../core/continuity.ts";
import { breach, conflationKey, type EventsContract } from "../core/contract.ts";
import { resetFrame } from "../core/control.ts";
import { isRefusal, type Refusal } from "../core/errors.ts";
import { readJson, refuseSize, type SseEvent, serialise, validate } from "../core/event.ts";
import { encodeFrame, type Frame } from "../core/frame.ts";
import { History } from "../core/history.ts";
import { type EventId, encodeOrigin, newEpoch, type Position, parseId } from "../core/id.ts";
import type { HistoryLimits } from "../core/options.ts";
import { ORDER_OF_STREAM, type Order, orderByOrigin } from "../core/order.ts";
import type { Registry } from "../core/registry.ts";
import { Slab } from "../core/slab.ts";
import type { EventStream } from "../http/event-stream.ts";
import { Drops } from "./drops.ts";
import type { GatewayService } from "./types.ts";

/**
 * Milliseconds before the last event seen that a replay reaches back for events of other origins: longer
 * than two gateways differ in the order in which origins interleave. Half of what is kept at most, or
 * nothing could ever be resumed.
 */
const OVERLAP = 5000;

/** Milliseconds that an event may come later than the news that it was sent, which travels another way. */
const LATE = 5000;

export interface FanOutOptions {
	history: HistoryLimits | null;
	/** Default: any event. */
	events?: EventsContract | undefined;
	/** Events come on a RabbitMQ stream, which gives them their ids and one order. */
	fromStream: boolean;
	limits: SenderLimits;
	/** Takes the revocations that stand among the events; default: nobody does. */
	revoked?: Listener;
	/** Whether events replace earlier ones that wait for a slow client, as the contract says. */
	conflates: boolean;
}

/** The way of events from the bus to the streams that they are for, past the history. */
export class FanOut implements Subscriber {
	readonly revoked: Listener;
	/** Undefined if none is kept. */
	readonly history: History | undefined;
	readonly #streams: Registry<EventStream>;
	readonly #service: GatewayService;
	readonly #fromStream: boolean;
	readonly #events: EventsContract | undefined;
	readonly #eventBytes: number;
	readonly #continuity = new Continuity();
	readonly #conflates: boolean;
	readonly #drops: Drops;
	/** Not another gateway's, whose history may be longer: it would hold these events as well, uncounted. */
	readonly #slab = new Slab();
	/** Events of the past have gone by the streams that are open, which do not know yet. */
	#hasPassed = false;

	constructor(
		streams: Registry<EventStream>,
		{
			history: limits,
			events,
			limits: { eventBytes },
			fromStream,
			conflates,
			revoked = () => {}
		}: FanOutOptions,
		service: GatewayService
	) {
		this.revoked = revoked;
		this.#events = events;
		this.#eventBytes = eventBytes;
		this.#conflates = conflates;
		this.#streams = streams;
		this.#service = service;
		this.#drops = new Drops(service.logger);
		this.#fromStream = fromStream;
		if (limits === null) return;
		const order: Order = fromStream
			? ORDER_OF_STREAM
			: orderByOrigin(this.#continuity, Math.min(OVERLAP, limits.maxAge / 2));
		this.history = new History({ ...limits, gateway: this.#newLife() }, order, this.#slab);
	}

	begin(): void {
		this.history?.restart(this.#newLife());
	}

	/** For places. */
	#newLife(): string {
		return `${encodeOrigin(this.#service.broker.nodeID)}.${newEpoch()}`;
	}

	/** Takes what arrived on the bus to the streams that it is for; anything else is silence. */
	readonly receive: Listener = (input, from) => {
		const event = validate(input, {
			acceptId: !hasId(from),
			hasPayload: from.json !== undefined,
			typed: from.typed === true
		});
		if (isRefusal(event)) return this.#drop(event, from.nodeID);
		if (this.#isRepeat(event, from)) return;
		// Behind the look at its place in the sequence: what is refused here is not lost on the way.
		const broken = breach(this.#events, event);
		if (broken !== undefined) return this.#drop(broken, from.nodeID);
		// What comes beside the stream has no place in its order, and so no id.
		if (this.#fromStream) {
			event.id = from.id;
			event.rank = from.rank;
		}
		const streams = this.#streams.select(event.sessionId, event.eventName);
		// Without a history what nobody listens to is done with.
		if (streams.size === 0 && this.history === undefined) return;
		const json = this.#json(event, from);
		if (isRefusal(json)) return this.#drop(json, from.nodeID);
		const isPast = from.past !== undefined;
		if (isPast) this.#hasPassed = true;
		if (isPast || streams.size === 0) {
			this.history?.appendBare(event, json, arrivalOf(from.past), isPast);
			return;
		}
		const frame = this.#encode(event, json);
		this.history?.append(event, frame, arrivalOf(undefined));
		const key = this.#key(event, json);
		for (const stream of streams) {
			if (!stream.isHeld) stream.send(frame, key);
		}
	};

	note(id: string, past?: number): void {
		if (this.history?.has(id) === false) this.history.note(id, arrivalOf(past));
	}

	lost(): void {
		this.history?.markGap(performance.now());
		this.missed();
	}

	missed(): void {
		this.#hasPassed = false;
		const now = performance.now();
		const frame = resetFrame("gap", this.history?.place(now));
		for (const stream of this.#streams) {
			// What was read may have been sent before these streams were let in; what follows is not.
			this.history?.letIn(stream, now);
			// It is told when it is decided how the stream begins.
			if (stream.pending !== undefined) continue;
			// A held stream has not seen everything up to that id yet.
			stream.send(stream.isHeld ? resetFrame("gap") : frame);
		}
	}

	/** The place of streams to which everything was written; undefined while that cannot be said. */
	place(): string | undefined {
		return this.#hasPassed ? undefined : this.history?.place(performance.now());
	}

	/**
	 * Where a node says its events are. What it sent before it was met did not come here; the streams that are
	 * open may have missed it. What it sent since may be on its way; or it was lost, and nothing follows by
	 * which that would be noticed.
	 */
	expect(nodeID: string, position: Position): void {
		const id = { origin: encodeOrigin(nodeID), ...position };
		if (this.#continuity.expect(id)) this.lost();
		else if (this.#continuity.lacks(id)) setTimeout(() => this.#stopWaiting(id), LATE).unref();
	}

	#stopWaiting(id: EventId): void {
		if (!this.#continuity.lacks(id)) return;
		this.#continuity.miss(id);
		this.#service.logger.warn(
			`SSE: the bus has lost events of '${id.origin}', up to its event ${id.seq}.`
		);
		this.lost();
	}

	/** Notices what the bus repeats, and tells every stream what it lost. */
	#isRepeat(event: SseEvent, from: Source): boolean {
		if (hasId(from)) return false;
		const id = event.id === undefined ? undefined : parseId(event.id);
		if (id === undefined) {
			// What is no id of this bus has no place in its order.
			event.id = undefined;
			return false;
		}
		const arrival = this.#continuity.observe(id);
		if (arrival === "gap") {
			const { logger } = this.#service;
			logger.warn(`SSE: the bus has lost events of '${id.origin}' before its event ${id.seq}.`);
			this.lost();
		}
		return arrival === "repeat";
	}

	/** The key under which it replaces earlier ones that wait for a slow client, if it does. */
	#key(event: SseEvent, json: string | Uint8Array): string | undefined {
		if (!this.#conflates) return undefined;
		try {
			return conflationKey(this.#events, event.eventName, () => JSON.parse(textOf(json)));
		} catch (error) {
			const { logger } = this.#service;
			logger.error(`SSE: "conflate" of the event "${event.eventName}" failed.`, error);
			return undefined;
		}
	}

	/** An id promises that one can come back to it: without a history it is left out. */
	#encode(event: SseEvent, data: string | Uint8Array): Frame {
		const { eventName, id, rank } = event;
		const known = rank === undefined ? id : ORDER_OF_STREAM.idOf(rank);
		return encodeFrame(
			{ id: this.history === undefined ? undefined : known, event: eventName, data },
			this.#slab
		);
	}

	/** What was checked at the sender, as it is; what comes from a node without `SseMiddleware` is checked here. */
	#json({ json, payload }: SseEvent, from: Source): string | Uint8Array | Refusal {
		const most = this.#eventBytes;
		if (from.json !== undefined) {
			return most > 0 && from.json.byteLength > most ? refuseSize("payload", most) : from.json;
		}
		return json === undefined ? serialise(payload, most) : readJson(json, most);
	}

	#drop(refusal: Refusal, nodeID: string): void {
		this.#drops.tell("an event", nodeID, refusal);
	}
}

/** Whether the bus gives ids on arrival. */
function hasId({ id, rank }: Source): boolean {
	return id !== undefined || rank !== undefined;
}

const decoder = new TextDecoder();

function textOf(json: string | Uint8Array): string {
	return typeof json === "string" ? json : decoder.decode(json);
}

/** On the gateway's own clock; an event of the past counts as old as it is. */
export function arrivalOf(past: number | undefined): number {
	const now = performance.now();
	return past === undefined ? now : now - Math.max(0, Date.now() - past);
}
