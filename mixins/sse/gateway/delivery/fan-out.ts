import type { Listener, Source, Subscriber } from "../../bus/bus.ts";
import { LOOKBACK, orderBySender } from "../../bus/moleculer/id-order.ts";
import { readHello } from "../../bus/moleculer/position-report.ts";
import { Arrivals } from "../../bus/moleculer/receiver/arrivals.ts";
import { describeLoss } from "../../bus/moleculer/receiver/loss-text.ts";
import type { Loss } from "../../bus/moleculer/tracking/loss.ts";
import { RABBITMQ_ORDER } from "../../bus/rabbitmq/id-order.ts";
import type { Registry } from "../../core/addressing/registry.ts";
import { isNobody } from "../../core/addressing/session-id.ts";
import { isRefusal, type Refusal } from "../../core/errors/refusal.ts";
import { contractViolation, type EventsContract } from "../../core/event/contract.ts";
import { type SseEvent, validate, waitingBytes } from "../../core/event/event.ts";
import { encodeOrigin, newEpoch, parseId } from "../../core/event/event-id.ts";
import { withoutId } from "../../core/event/frame.ts";
import { History } from "../../core/history/history.ts";
import type { IdOrder } from "../../core/history/id-order.ts";
import type { SenderLimits } from "../../core/options/access-options.ts";
import type { HistoryLimits } from "../../core/options/gateway-options.ts";
import { arrivalOf } from "../../core/util/clock.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import { Meeting } from "../../streams/meeting.ts";
import { ResumeTokens } from "../../streams/resume-tokens.ts";
import type { GatewayService } from "../types.ts";
import { DroppedEventsLog } from "./dropped-events-log.ts";
import { Rendering } from "./rendering.ts";

/** An event in the order of its sender, and where it comes from. */
interface Arrived {
	readonly event: SseEvent;
	readonly from: Source;
}

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
	readonly #events: EventsContract | undefined;
	/** Undefined if a stream brings events in order, and tells what is missing. */
	readonly #arrivals: Arrivals<Arrived> | undefined;
	readonly #begunAt = performance.now();
	readonly #resumeTokens: ResumeTokens;
	readonly #meeting: Meeting;
	readonly #rendering: Rendering;
	readonly #droppedEventsLog: DroppedEventsLog;
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
		this.#streams = streams;
		this.#service = service;
		this.#droppedEventsLog = new DroppedEventsLog(service.logger);
		this.#rendering = new Rendering(
			{ events, eventBytes, conflates, hasIds: limits !== null },
			service.logger
		);
		this.#arrivals = fromStream
			? undefined
			: new Arrivals(service, {
					handOn: ({ event, from }) => this.#handOn(event, from),
					lost: loss => this.#lost(loss),
					changed: () => {
						this.#meeting.look();
						this.#resumeTokens.renew();
					}
				});
		this.history = limits === null ? undefined : this.#newHistory(limits);
		this.#resumeTokens = new ResumeTokens(
			this.history,
			streams,
			() => this.#arrivals?.isWhole ?? true
		);
		this.#meeting = new Meeting(this, streams);
	}

	#newHistory(limits: HistoryLimits): History {
		const order: IdOrder =
			this.#arrivals === undefined
				? RABBITMQ_ORDER
				: orderBySender(
						this.#arrivals.tracker.lives,
						Math.min(LOOKBACK, limits.maxAge / 2),
						origin => this.#isElsewhere(origin)
					);
		return new History({ ...limits, gateway: this.#newLife() }, order, this.#rendering.slab);
	}

	#isElsewhere(origin: string): boolean {
		const { transit, nodeID } = this.#service.broker;
		return Boolean(transit) && origin !== encodeOrigin(nodeID);
	}

	begin(): void {
		this.history?.restart(this.#newLife());
	}

	/** For resume tokens. */
	#newLife(): string {
		return `${encodeOrigin(this.#service.broker.nodeID)}.${newEpoch()}`;
	}

	/** Notices from now on what does not come; again if it does already. */
	listen(): void {
		this.#arrivals?.start();
	}

	unlisten(): void {
		this.#arrivals?.stop();
	}

	/** Whether all senders' events come here, as far as that is known by the transporter. */
	get hearsAll(): boolean {
		return this.#arrivals?.hearsAll ?? true;
	}

	/** See {@link Arrivals.awakeSince}. */
	get awakeSince(): number {
		return this.#arrivals?.awakeSince ?? Number.NEGATIVE_INFINITY;
	}

	/** Whether the ids of events may be given: nothing is suspected to be missing before them. */
	get isWhole(): boolean {
		return this.#resumeTokens.isWhole;
	}

	/** See {@link Arrivals.isMeeting}. */
	get isMeeting(): boolean {
		return this.#arrivals?.isMeeting ?? false;
	}

	/** A sender has said how far its events have come. */
	readonly hear: Listener = (input, { nodeID }) => this.#arrivals?.hear(input, nodeID);

	/** A gateway asks the senders: a point that it knows as well as this one. */
	readonly meet: Listener = input => {
		const id = readHello(input)?.id;
		if (id === undefined || parseId(id) === undefined || this.#arrivals === undefined) return;
		// Before it is kept, as an event: what is suspected now is suspected before this point.
		void this.isWhole;
		this.note(id);
	};

	/** Takes what arrived on the bus to the streams that it is for; anything else is silence. */
	readonly receive: Listener = (input, from) => {
		const fromStream = hasId(from);
		const event = validate(input, {
			acceptId: !fromStream,
			hasPayload: from.json !== undefined,
			fromRepl: from.fromRepl === true
		});
		if (isRefusal(event)) return this.#drop(event, from.nodeID);
		const id = event.id === undefined ? undefined : parseId(event.id);
		if (id !== undefined && this.#arrivals !== undefined) {
			this.#arrivals.take(id, { event, from }, waitingBytes(event));
			return;
		}
		// What comes beside the stream has no place in its order, and what is no id of this bus none in its own.
		event.id = from.id;
		event.sortKey = from.sortKey;
		this.#handOn(event, from);
	};

	readonly #handOn = (event: SseEvent, from: Source) => {
		// Behind the look at its place in the sequence: what is refused here is not lost on the way.
		const broken = contractViolation(this.#events, event);
		if (broken !== undefined) return this.#drop(broken, from.nodeID);
		if (isNobody(event.sessionId)) return;
		const streams = this.#streams.select(event.sessionId, event.eventName);
		// Without a history what nobody listens to is done with.
		if (streams.size === 0 && this.history === undefined) return;
		const json = this.#rendering.json(event, from);
		if (isRefusal(json)) return this.#drop(json, from.nodeID);
		// Before it is kept: the resume token that is kept is one before it.
		const { isWhole } = this;
		const isPast = from.past !== undefined;
		if (isPast) this.#hasPassed = true;
		if (isPast || streams.size === 0) {
			this.history?.appendBare(event, json, arrivalOf(from.past), isPast);
			return;
		}
		const frame = this.#rendering.frame(event, json);
		this.history?.append(event, frame, arrivalOf(undefined));
		const key = this.#rendering.key(event, json);
		const shown = isWhole ? frame : withoutId(frame);
		for (const stream of streams) {
			if (!stream.isHeld) stream.send(shown, key);
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
		const before = Math.max(loss.before, this.#arrivals?.awakeSince ?? loss.before);
		if (loss.isEarlier && before <= this.#begunAt) {
			this.history?.passOver(before);
			return;
		}
		this.history?.markGap(performance.now());
		const isMet = loss.isEarlier && this.isMeeting && this.history !== undefined;
		const told = (isMet ? this.#meeting : this.#resumeTokens).tell(before);
		// Nobody may have missed what was sent before anybody came.
		this.#service.logger[loss.isEarlier && told === 0 ? "debug" : "warn"](describeLoss(loss));
	}

	#drop(refusal: Refusal, nodeID: string): void {
		this.#droppedEventsLog.tell("an event", nodeID, refusal);
	}
}

/** Whether the bus gives ids on arrival. */
function hasId({ id, sortKey }: Source): boolean {
	return id !== undefined || sortKey !== undefined;
}
