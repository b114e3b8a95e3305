import type { Registry } from "../core/addressing/registry.ts";
import { reasonOf } from "../core/errors/guard.ts";
import { textEvents } from "../core/event/contract.ts";
import { heartbeatFrame } from "../core/event/control-events.ts";
import type { GatewayCounters } from "../core/metrics/counters.ts";
import type { DeliveryTimes } from "../core/metrics/delivery-times.ts";
import { ThrottledLog } from "../core/util/throttled-log.ts";
import { DetachQueue } from "../http/detach-queue.ts";
import { dropBodyOfAnswered } from "../http/request-body.ts";
import { EventStream } from "../streams/event-stream.ts";
import type { Flush } from "../streams/flush.ts";
import { begin } from "../streams/resume.ts";
import { StreamTimer } from "../streams/stream-timer.ts";
import { groupsKey, sessionKey } from "./auth/session-key.ts";
import type { FanOut } from "./delivery/fan-out.ts";
import type { Revocations } from "./delivery/revocations.ts";
import type { Limits } from "./limits/limits.ts";
import type { Opening } from "./opening/opening.ts";
import { PastStreams } from "./past-streams.ts";
import type { Compression } from "./request/compression.ts";
import { drawEnd } from "./request/jitter.ts";
import { letGo } from "./request/let-go.ts";
import { noteStream } from "./request/settled.ts";
import type {
	GatewayOptions,
	GatewayService,
	SseGatewayRequest,
	SseGatewayResponse
} from "./types.ts";

/** The parts that the streams of a gateway work with. */
export interface GatewayStreamsParts {
	readonly options: GatewayOptions;
	readonly service: GatewayService;
	readonly registry: Registry<EventStream>;
	readonly limits: Limits;
	readonly compression: Compression;
	/** The writes of the streams. */
	readonly flush: Flush;
	readonly fanOut: FanOut;
	readonly counters: GatewayCounters;
	readonly deliveryTimes: DeliveryTimes;
	readonly revocations: Revocations;
	/** Called when the request has become a stream. */
	onBegun(request: SseGatewayRequest): void;
	/** Called whenever the last stream is closed. */
	onAllClosed(): void;
}

/** The streams of a gateway, from their first frame until their connections are closed. */
export class GatewayStreams {
	readonly #parts: GatewayStreamsParts;
	readonly #timer: StreamTimer;
	readonly #detachQueue = new DetachQueue(letGo);
	/** Requests that are being handled, and the streams that they have opened. */
	readonly #handling = new WeakMap<SseGatewayRequest, EventStream | undefined>();
	readonly #texts: ReadonlySet<string>;
	readonly #complaints: ThrottledLog;
	/** Returns the position of the next event in the history; undefined without a history. */
	readonly #position: (() => number) | undefined;
	/** The streams that ended recently. */
	readonly past: PastStreams;
	#unclosed = 0;

	constructor(parts: GatewayStreamsParts) {
		this.#parts = parts;
		const { options, service, registry, fanOut } = parts;
		this.#texts = textEvents(options.events);
		const { history } = fanOut;
		this.#position = history && (() => history.head);
		this.past = new PastStreams(
			() => history?.tail ?? Number.POSITIVE_INFINITY,
			options.history?.maxBytes ?? 0
		);
		this.#complaints = new ThrottledLog(text => service.logger.error(text));
		this.#timer = new StreamTimer(
			{
				interval: options.heartbeat,
				timeout: options.timeout,
				stallTimeout: options.buffer.stallTimeout,
				frame: () => heartbeatFrame(fanOut.losses.liveResumeToken)
			},
			registry
		);
	}

	/** Number of streams whose connection is not closed yet, including those that have ended. */
	get unclosed(): number {
		return this.#unclosed;
	}

	/** A request, of any route, is being handled from now on. */
	arrived(request: SseGatewayRequest): void {
		this.#handling.set(request, undefined);
	}

	/** A request, of any route, has been handled: its action has ended, and everything around it. */
	handled(request: SseGatewayRequest, response: SseGatewayResponse): void {
		const stream = this.#handling.get(request);
		this.#handling.delete(request);
		if (stream !== undefined) this.#detachQueue.add(stream);
		else dropBodyOfAnswered(request, response);
	}

	/** Begins the stream of an opening that has passed all steps. */
	begin({ request, response, pendingOpen, query, retry, grant, subscription }: Opening): void {
		const { options, service, registry, limits, compression, flush, fanOut, onBegun } = this.#parts;
		const stream = new EventStream(request, response, {
			sessionIds: subscription.sessionIds,
			eventNames: subscription.eventNames,
			maxUnsentBytes: options.buffer.maxBytes,
			policy: options.buffer.policy,
			flush,
			gzip: compression.negotiate(request, response),
			provenAt: Math.min(pendingOpen.began, grant.provenAt ?? pendingOpen.began),
			...(this.#position !== undefined && { position: this.#position }),
			...drawEnd(options.timeout, grant.session.expiresAt),
			onError: this.#onError,
			onEnd: this.#onEnd,
			onClose: this.#onClose
		});
		const { counters } = this.#parts;
		counters.streamsOpened++;
		counters.openingTime.observe(performance.now() - pendingOpen.began);
		this.#unclosed++;
		noteStream(response);
		onBegun(request);
		limits.opened(stream, request);
		registry.add(stream);
		this.#timer.start();
		stream.open();
		const { receiver } = fanOut;
		const { heartbeat } = options;
		const session = sessionKey(subscription.sessionIds);
		const groups = groupsKey(subscription.sessionIds);
		const issued = grant.session.isIssued;
		const texts = subscription.eventNames.filter(name => this.#texts.has(name));
		begin(stream, fanOut.losses, query.lastEventId, () => ({
			retry,
			degraded: receiver.isDegraded,
			heartbeat,
			session,
			groups,
			issued,
			texts
		}));
		if (this.#handling.has(request)) this.#handling.set(request, stream);
		else this.#detachQueue.add(stream);
		service.logResponse?.(request, response);
	}

	readonly #onError = (error: unknown): void => {
		this.#complaints.add(
			`SSE: a stream was cut off, because something that wraps its response failed: ${reasonOf(error)}`
		);
	};

	readonly #onEnd = (stream: EventStream): void => {
		const { registry, revocations } = this.#parts;
		registry.remove(stream);
		this.past.ended(stream);
		revocations.ended(stream);
		if (registry.size === 0) this.#timer.stop();
	};

	readonly #onClose = (stream: EventStream): void => {
		const { revocations, limits, onAllClosed } = this.#parts;
		revocations.closed(stream);
		this.past.closed(stream);
		limits.closed(stream);
		this.#unclosed--;
		if (this.#unclosed === 0) onAllClosed();
	};
}
