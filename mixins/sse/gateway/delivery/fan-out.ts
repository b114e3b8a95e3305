import type {
	BusReceiver,
	Listener,
	MakeReceiver,
	ReceiverListener,
	Source
} from "../../bus/bus.ts";
import { describeLoss, type Loss, UNKNOWN_SENDER } from "../../bus/loss.ts";
import type { Registry } from "../../core/addressing/registry.ts";
import { isNobody } from "../../core/addressing/session-id.ts";
import { isRefusal, type Refusal } from "../../core/errors/refusal.ts";
import { contractViolation, type EventsContract } from "../../core/event/contract.ts";
import { SEND, type SseEvent, validate } from "../../core/event/event.ts";
import { encodeOrigin, newEpoch } from "../../core/event/event-id.ts";
import { withoutId } from "../../core/event/frame.ts";
import { History } from "../../core/history/history.ts";
import type { GatewayCounters } from "../../core/metrics/counters.ts";
import type { DeliveryTimes } from "../../core/metrics/delivery-times.ts";
import type { SenderLimits } from "../../core/options/access-options.ts";
import type { HistoryLimits } from "../../core/options/history-options.ts";
import { arrivalOf } from "../../core/util/clock.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import { Meeting } from "../../streams/meeting.ts";
import { ResumeTokens } from "../../streams/resume-tokens.ts";
import type { GatewayService } from "../types.ts";
import { type DeliveryTracing, NO_TRACING } from "./delivery-tracing.ts";
import { DroppedEventsLog } from "./dropped-events-log.ts";
import { Rendering } from "./rendering.ts";

/** What takes revocations, whichever way they come. */
export interface RevocationListener {
	readonly receive: Listener;
	/** Some were sent that have not come. */
	miss(loss: Loss): void;
}

export interface FanOutOptions {
	history: HistoryLimits | null;
	/** Default: any event. */
	events?: EventsContract | undefined;
	/** Makes this gateway's end of the bus. */
	receiver: MakeReceiver;
	limits: SenderLimits;
	/** Takes the revocations that the bus brings; default: nobody does. */
	revocations?: RevocationListener;
	/** Whether events replace earlier ones that wait for a slow client, as the contract says. */
	conflates: boolean;
	/** Default: nothing is traced. */
	tracing?: DeliveryTracing;
	counters: GatewayCounters;
	deliveryTimes: DeliveryTimes;
}

/** The way of events from the bus to the streams that they are for, past the history. */
export class FanOut implements ReceiverListener {
	readonly receiver: BusReceiver;
	readonly counters: GatewayCounters;
	/** Undefined if none is kept. */
	readonly history: History | undefined;
	readonly #streams: Registry<EventStream>;
	readonly #service: GatewayService;
	readonly #events: EventsContract | undefined;
	readonly #revocations: RevocationListener | undefined;
	readonly #begunAt = performance.now();
	readonly #resumeTokens: ResumeTokens;
	readonly #meeting: Meeting;
	readonly #rendering: Rendering;
	readonly #droppedEventsLog: DroppedEventsLog;
	readonly #tracing: DeliveryTracing;
	readonly #deliveryTimes: DeliveryTimes;
	/** Events of the past have gone by the streams that are open, which do not know yet. */
	#hasPassed = false;

	constructor(
		streams: Registry<EventStream>,
		{
			history: limits,
			events,
			limits: { eventBytes },
			receiver,
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
		this.#streams = streams;
		this.#service = service;
		this.#droppedEventsLog = new DroppedEventsLog(service.logger);
		this.receiver = receiver(this, service);
		const order = limits === null ? undefined : this.receiver.order(limits.maxAge);
		this.#rendering = new Rendering({ events, eventBytes, conflates, order }, service.logger);
		if (limits !== null && order !== undefined) {
			const kept = { ...limits, gateway: this.#newLife() };
			this.history = new History(kept, order, this.#rendering.slab);
		}
		this.#resumeTokens = new ResumeTokens(this.history, streams, () => this.receiver.isWhole);
		this.#meeting = new Meeting(this, streams);
	}

	begin(): void {
		this.history?.restart(this.#newLife());
	}

	/** For resume tokens. */
	#newLife(): string {
		return `${encodeOrigin(this.#service.broker.nodeID)}.${newEpoch()}`;
	}

	/** Whether the ids of events may be given: nothing is suspected to be missing before them. */
	get isWhole(): boolean {
		return this.#resumeTokens.isWhole;
	}

	/** See {@link BusReceiver.isMeeting}. */
	get isMeeting(): boolean {
		return this.receiver.isMeeting;
	}

	changed(): void {
		this.#meeting.look();
		this.#resumeTokens.renew();
	}

	readonly revoked: Listener = (input, from) => this.#revocations?.receive(input, from);

	revocationsLost(loss: Loss): void {
		this.#revocations?.miss(loss);
	}

	/** Takes what arrived on the bus to the streams that it is for; anything else is silence. */
	readonly receive: Listener = (input, from) => {
		this.counters.eventsReceived++;
		const event = validate(input, {
			acceptId: !hasId(from),
			hasPayload: from.json !== undefined,
			fromRepl: from.fromRepl === true
		});
		if (isRefusal(event)) return this.#drop(event, from.nodeID);
		this.receiver.take(event, from);
	};

	handOn(event: SseEvent, from: Source): void {
		// Behind the look at its place in the sequence: what is refused here is not lost on the way.
		const broken = contractViolation(this.#events, event);
		if (broken !== undefined) {
			this.#tracing.drop(event, from, broken);
			this.#drop(broken, from.nodeID);
			return;
		}
		if (isNobody(event.sessionId)) return;
		const streams = this.#streams.select(event.sessionId, event.eventName);
		// Without a history what nobody listens to is done with.
		if (streams.size === 0 && this.history === undefined) return;
		const data = this.#rendering.data(event, from);
		if (isRefusal(data)) {
			this.#tracing.drop(event, from, data);
			this.#drop(data, from.nodeID);
			return;
		}
		// Before it is kept: the place that is kept is one before it.
		const { isWhole } = this;
		const isPast = from.past !== undefined;
		if (isPast) this.#hasPassed = true;
		if (isPast || streams.size === 0) {
			this.history?.appendBare(event, data, arrivalOf(from.past), isPast);
			return;
		}
		const delivery = this.#tracing.begin(event, from, streams);
		const frame = this.#rendering.frame(event, data);
		this.history?.append(event, frame, arrivalOf(undefined));
		const key = this.#rendering.key(event, data);
		const shown = isWhole ? frame : withoutId(frame);
		let live = 0;
		// Those that are not live will read it from the history.
		for (const stream of streams) if (stream.send(shown, key)) live++;
		delivery.given(shown.byteLength);
		if (live === 0) return;
		this.counters.eventsDelivered.add(event.eventName, live);
		this.#deliveryTimes.begin(from.sendTime);
	}

	note(id: string, past?: number): void {
		// Before it is kept, as with an event: what is suspected now is suspected before this point.
		void this.isWhole;
		if (this.history?.has(id) === false) this.history.note(id, arrivalOf(past));
	}

	lost(loss?: Loss): void {
		if (loss !== undefined) {
			this.#lost(loss);
			return;
		}
		this.counters.gapsFound.add(UNKNOWN_SENDER);
		this.history?.markGap(performance.now());
		this.missed();
	}

	unreadable(name: string): void {
		if (name === SEND) this.counters.eventsDropped.add("invalid");
		else this.counters.revocationsDropped++;
	}

	missed(): void {
		this.#hasPassed = false;
		this.#resumeTokens.tell(Number.POSITIVE_INFINITY);
	}

	/** The resume token of streams to which everything was written; undefined while that cannot be said. */
	get liveResumeToken(): string | undefined {
		return this.#hasPassed ? undefined : this.#resumeTokens.live;
	}

	/** For a stream that begins here, or was told here; an earlier resume token while something is suspected to be missing. */
	resumeTokenFor(stream: EventStream): string | undefined {
		return this.#resumeTokens.resumeTokenFor(stream);
	}

	/** See {@link ResumeTokens.released}. */
	released(stream: EventStream): void {
		this.#resumeTokens.released(stream);
	}

	#lost(loss: Loss): void {
		// How long ago something was sent cannot be reckoned over a time in which this machine's clock stood still.
		const before = Math.max(loss.before, this.receiver.awakeSince);
		if (loss.isEarlier && before <= this.#begunAt) {
			this.history?.passOver(before);
			return;
		}
		this.counters.gapsFound.add(loss.origin);
		this.history?.markGap(performance.now());
		const isMet = loss.isEarlier && this.isMeeting && this.history !== undefined;
		const told = (isMet ? this.#meeting : this.#resumeTokens).tell(before);
		// Nobody may have missed what was sent before anybody came.
		this.#service.logger[loss.isEarlier && told === 0 ? "debug" : "warn"](describeLoss(loss));
	}

	#drop(refusal: Refusal, nodeID: string): void {
		this.counters.eventsDropped.add(refusal.kind);
		this.#droppedEventsLog.tell("an event", nodeID, refusal);
	}
}

/** Whether the bus gives ids on arrival. */
function hasId({ id, sortKey }: Source): boolean {
	return id !== undefined || sortKey !== undefined;
}
