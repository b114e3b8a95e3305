import type {
	BusReceiver,
	Listener,
	MakeReceiver,
	ReceiverListener,
	Source
} from "../../bus/bus.ts";
import type { Loss } from "../../bus/loss.ts";
import type { Registry } from "../../core/addressing/registry.ts";
import { isNobody } from "../../core/addressing/session-id.ts";
import { isRefusal, type Refusal } from "../../core/errors/refusal.ts";
import { contractViolation, type EventsContract } from "../../core/event/contract.ts";
import { SEND, type SseEvent, validate } from "../../core/event/event.ts";
import { encodeOrigin, newEpoch } from "../../core/event/event-id.ts";
import { withoutId } from "../../core/event/frame.ts";
import { refuseCrowd } from "../../core/event/recipients.ts";
import { History } from "../../core/history/history.ts";
import type { GatewayCounters } from "../../core/metrics/counters.ts";
import type { DeliveryTimes } from "../../core/metrics/delivery-times.ts";
import type { HistoryLimits } from "../../core/options/history-options.ts";
import type { SenderLimits } from "../../core/options/limit-options.ts";
import { arrivalOf } from "../../core/util/clock.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import type { GatewayService } from "../types.ts";
import { type DeliveryTracing, NO_TRACING } from "./delivery-tracing.ts";
import { DroppedEventsLog } from "./dropped-events-log.ts";
import { LossReports } from "./loss-reports.ts";
import { RefusedEvents } from "./refused-events.ts";
import { Rendering } from "./rendering.ts";

/** Receives revocations, whichever way they come. */
export interface RevocationListener {
	readonly receive: Listener;
	/** Revocations were sent that have not arrived. */
	miss(loss: Loss): void;
}

export interface FanOutOptions {
	history: HistoryLimits | null;
	/** Default: any event. */
	events?: EventsContract | undefined;
	/** Creates this gateway's end of the bus. */
	receiver: MakeReceiver;
	limits: SenderLimits;
	/** Receives the revocations that the bus brings; default: ignored. */
	revocations?: RevocationListener;
	/** Whether events replace earlier ones that wait for a slow client, as the contract says. */
	conflates: boolean;
	/** Default: nothing is traced. */
	tracing?: DeliveryTracing;
	counters: GatewayCounters;
	deliveryTimes: DeliveryTimes;
}

/** Passes events from the bus to the streams that they are for, and keeps them in the history. */
export class FanOut implements ReceiverListener {
	readonly receiver: BusReceiver;
	readonly counters: GatewayCounters;
	/** The events that it refused most recently. */
	readonly refused: RefusedEvents = new RefusedEvents();
	/** Undefined if no history is kept. */
	readonly history: History | undefined;
	/** Reports losses to the streams. */
	readonly losses: LossReports;
	readonly #streams: Registry<EventStream>;
	readonly #service: GatewayService;
	readonly #events: EventsContract | undefined;
	readonly #recipientsPerEvent: number;
	readonly #revocations: RevocationListener | undefined;
	readonly #rendering: Rendering;
	readonly #droppedEventsLog: DroppedEventsLog;
	readonly #tracing: DeliveryTracing;
	readonly #deliveryTimes: DeliveryTimes;

	constructor(
		streams: Registry<EventStream>,
		{
			history: limits,
			events,
			limits: { eventBytes, recipientsPerEvent },
			receiver: makeReceiver,
			conflates,
			revocations,
			counters,
			deliveryTimes,
			tracing = NO_TRACING
		}: FanOutOptions,
		service: GatewayService
	) {
		this.counters = counters;
		this.#deliveryTimes = deliveryTimes;
		this.#revocations = revocations;
		this.#tracing = tracing;
		this.#events = events;
		this.#recipientsPerEvent = recipientsPerEvent;
		this.#streams = streams;
		this.#service = service;
		this.#droppedEventsLog = new DroppedEventsLog(service.logger);
		this.receiver = makeReceiver(this, service);
		const order = limits === null ? undefined : this.receiver.order(limits.maxAge);
		this.#rendering = new Rendering({ events, eventBytes, conflates, order }, service.logger);
		if (limits !== null && order !== undefined) {
			const kept = { ...limits, gateway: this.#newLife() };
			this.history = new History(kept, order, this.#rendering.slab);
		}
		const { history, receiver } = this;
		this.losses = new LossReports({ history, streams, receiver, counters }, service);
	}

	begin(): void {
		this.history?.restart(this.#newLife());
	}

	/** A name for resume tokens. */
	#newLife(): string {
		return `${encodeOrigin(this.#service.broker.nodeID)}.${newEpoch()}`;
	}

	/** Whether events may be sent with their ids: nothing is suspected to be missing before them. */
	get isWhole(): boolean {
		return this.losses.isWhole;
	}

	changed(): void {
		this.losses.changed();
	}

	readonly revoked: Listener = (input, from) => this.#revocations?.receive(input, from);

	revocationsLost(loss: Loss): void {
		this.#revocations?.miss(loss);
	}

	/** Passes on what arrived on the bus to the streams that it is for; anything else is dropped. */
	readonly receive: Listener = (input, from) => {
		this.counters.eventsReceived++;
		const event = validate(input, {
			acceptId: !hasId(from),
			hasPayload: from.json !== undefined,
			fromRepl: from.fromRepl === true
		});
		if (isRefusal(event)) return this.#drop(event, from, (input as { id?: unknown } | null)?.id);
		this.receiver.take(event, from);
	};

	handOn(event: SseEvent, from: Source): void {
		// After the event was put in sequence: what is refused here is not lost on the way.
		const broken =
			contractViolation(this.#events, event) ?? refuseCrowd(event, this.#recipientsPerEvent);
		if (broken !== undefined) {
			this.#tracing.drop(event, from, broken);
			this.#drop(broken, from, event.id);
			return;
		}
		if (isNobody(event.sessionId)) return;
		const streams = this.#streams.select(event.sessionId, event.eventName);
		// Without a history, an event that nobody listens to needs no more work.
		if (streams.size === 0 && this.history === undefined) return;
		const data = this.#rendering.data(event, from);
		if (isRefusal(data)) {
			this.#tracing.drop(event, from, data);
			this.#drop(data, from, event.id);
			return;
		}
		// Read before the event is kept: a resume token taken now is one before this event.
		const { isWhole } = this;
		const isPast = from.past !== undefined;
		if (isPast) this.losses.passed();
		if (isPast || streams.size === 0) {
			this.history?.appendBare(event, data, arrivalOf(from.past), isPast);
			return;
		}
		const delivery = this.#tracing.begin(event, from, streams);
		const frame = this.#rendering.frame(event, data);
		const position = this.history?.head;
		this.history?.append(event, frame, arrivalOf(undefined));
		const key = this.#rendering.key(event, data);
		const shown = isWhole ? frame : withoutId(frame);
		let live = 0;
		// Streams that are not live will read it from the history.
		for (const stream of streams) if (stream.send(shown, key, position)) live++;
		delivery.given(shown.byteLength);
		if (live === 0) return;
		this.counters.eventsDelivered.add(event.eventName, live);
		this.#deliveryTimes.begin(from.sendTime);
	}

	note(id: string, past?: number): void {
		// Before it is kept, as for an event: anything suspected now is suspected to be before this position.
		void this.isWhole;
		if (this.history?.has(id) === false) this.history.note(id, arrivalOf(past));
	}

	lost(loss?: Loss): void {
		this.losses.lost(loss);
	}

	unreadable(name: string): void {
		if (name === SEND) this.counters.eventsDropped.add("invalid");
		else this.counters.revocationsDropped++;
	}

	missed(): void {
		this.losses.missed();
	}

	#drop(refusal: Refusal, { nodeID, id: given, sortKey }: Source, id: unknown): void {
		this.counters.eventsDropped.add(refusal.kind);
		this.#droppedEventsLog.tell("an event", nodeID, refusal);
		const own = sortKey === undefined ? undefined : this.history?.idOf(sortKey);
		this.refused.add(own ?? given ?? id, refusal.message);
	}
}

/** Whether the bus gives ids on arrival. */
function hasId({ id, sortKey }: Source): boolean {
	return id !== undefined || sortKey !== undefined;
}
