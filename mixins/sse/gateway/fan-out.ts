import type { Listener } from "../bus/transporter-bus.ts";
import { Continuity } from "../core/continuity.ts";
import { resetFrame } from "../core/control.ts";
import { isRefusal, type Refusal } from "../core/errors.ts";
import { type SseEvent, serialise, validate } from "../core/event.ts";
import { encodeFrame, type Frame } from "../core/frame.ts";
import { History } from "../core/history.ts";
import { encodeOrigin, newEpoch, type Position, parseId } from "../core/id.ts";
import type { HistoryLimits } from "../core/options.ts";
import type { Registry } from "../core/registry.ts";
import type { EventStream } from "../http/event-stream.ts";
import type { GatewayService } from "./types.ts";

/**
 * Milliseconds before the last event seen that a replay reaches back for events of other origins: longer
 * than two gateways differ in the order in which origins interleave. Half of what is kept at most, or
 * nothing could ever be resumed.
 */
const OVERLAP = 5000;

/** The key under which an event replaces earlier ones that wait for a slow client, if it does. */
export type KeyOf = (event: SseEvent) => string | undefined;

/** The way of events from the bus to the streams that they are for, past the history. */
export class FanOut {
	/** Undefined if none is kept. */
	readonly history: History | undefined;
	readonly #streams: Registry<EventStream>;
	readonly #service: GatewayService;
	readonly #continuity = new Continuity();
	readonly #keyOf: KeyOf;

	constructor(
		streams: Registry<EventStream>,
		limits: HistoryLimits | null,
		service: GatewayService,
		keyOf: KeyOf = () => undefined
	) {
		this.#keyOf = keyOf;
		this.#streams = streams;
		this.#service = service;
		if (limits === null) return;
		const gateway = `${encodeOrigin(service.broker.nodeID)}.${newEpoch()}`;
		const overlap = Math.min(OVERLAP, limits.maxAge / 2);
		this.history = new History({ ...limits, overlap, gateway }, this.#continuity);
	}

	/** Takes what arrived on the bus to the streams that it is for; anything else is silence. */
	readonly receive: Listener = (input, from) => {
		const event = validate(input, { acceptId: true, typed: from.typed });
		if (isRefusal(event)) return this.#drop(event, from.nodeID);
		if (this.#isRepeat(event)) return;
		const streams = this.#streams.select(event.sessionId, event.eventName);
		// Without a history what nobody listens to is done with.
		if (streams.size === 0 && this.history === undefined) return;
		const frame = frameOf(event, this.history !== undefined);
		if (isRefusal(frame)) return this.#drop(frame, from.nodeID);
		this.history?.append(event, frame, performance.now());
		const key = streams.size === 0 ? undefined : this.#key(event);
		for (const stream of streams) {
			if (!stream.isHeld) stream.send(frame, key);
		}
	};

	/**
	 * Where a node that is met says its events are. What it sent before did not come here; the streams
	 * that are open may have missed it.
	 */
	expect(nodeID: string, position: Position): void {
		const id = { origin: encodeOrigin(nodeID), ...position };
		if (this.#continuity.expect(id)) this.#tellGap();
	}

	/** Notices what the bus repeats, and tells every stream what it lost. */
	#isRepeat(event: SseEvent): boolean {
		const id = event.id === undefined ? undefined : parseId(event.id);
		if (id === undefined) return false;
		const arrival = this.#continuity.observe(id);
		if (arrival === "gap") {
			const { logger } = this.#service;
			logger.warn(`SSE: the bus has lost events of '${id.origin}' before its event ${id.seq}.`);
			this.#tellGap();
		}
		return arrival === "repeat";
	}

	#tellGap(): void {
		const now = performance.now();
		this.history?.markGap(now);
		const frame = resetFrame("gap", this.history?.place(now));
		for (const stream of this.#streams) {
			// It is told when it is decided how the stream begins.
			if (stream.pending !== undefined) continue;
			// A held stream has not seen everything up to that id yet.
			stream.send(stream.isHeld ? resetFrame("gap") : frame);
		}
	}

	#key(event: SseEvent): string | undefined {
		try {
			return this.#keyOf(event);
		} catch (error) {
			const { logger } = this.#service;
			logger.error(`SSE: "conflate" of the event "${event.eventName}" failed.`, error);
			return undefined;
		}
	}

	#drop({ refused, message }: Refusal, nodeID: string): void {
		this.#service.logger.warn(`SSE: dropped an event from node '${nodeID}': ${message}`, {
			nodeID,
			field: refused
		});
	}
}

/** An id promises that one can come back to it: without a history it is left out. */
function frameOf(event: SseEvent, withId: boolean): Frame | Refusal {
	const data = serialise(event.payload);
	if (isRefusal(data)) return data;
	return encodeFrame({ id: withId ? event.id : undefined, event: event.eventName, data });
}
