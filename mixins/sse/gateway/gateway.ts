import type { ServerHttp2Session } from "node:http2";
import type { BusReceiver, Listener, MakeReceiver } from "../bus/bus.ts";
import { Registry } from "../core/addressing/registry.ts";
import { reasonOf } from "../core/errors/guard.ts";
import { closeFrame, heartbeatFrame } from "../core/event/control-events.ts";
import type { PendingOpen } from "../core/revocation/pending-opens.ts";
import { ThrottledLog } from "../core/util/throttled-log.ts";
import { answerBriefly } from "../http/answer.ts";
import { isHttp2 } from "../http/connection.ts";
import { DetachQueue } from "../http/detach-queue.ts";
import { writeHead } from "../http/head.ts";
import { Http2Sessions } from "../http/http2/sessions.ts";
import { dropBodyOfAnswered } from "../http/request-body.ts";
import { EventStream } from "../streams/event-stream.ts";
import { Flush } from "../streams/flush.ts";
import { begin } from "../streams/resume.ts";
import { StreamTimer } from "../streams/stream-timer.ts";
import { Access, noTicket } from "./auth/access.ts";
import { noSession } from "./auth/auth-failures.ts";
import { FanOut, type RevocationListener } from "./delivery/fan-out.ts";
import { Revocations } from "./delivery/revocations.ts";
import { Limits } from "./limits/limits.ts";
import { Compression } from "./request/compression.ts";
import { IncomingRequests } from "./request/incoming-requests.ts";
import { drawEnd, drawRetry } from "./request/jitter.ts";
import { readRequest } from "./request/request.ts";
import { isSettled, letGo, sendAway } from "./request/response.ts";
import { Unavailable } from "./request/unavailable.ts";
import { DRAIN_GRACE, Shutdown } from "./stop/shutdown.ts";
import type {
	GatewayOptions,
	GatewayService,
	SseGatewayRequest,
	SseGatewayResponse
} from "./types.ts";

/** The streams of one gateway service: opens them for requests, and ends them. */
export class Gateway {
	readonly #options: GatewayOptions;
	readonly #service: GatewayService;
	readonly #registry = new Registry<EventStream>();
	/** Who may stream what. */
	readonly access: Access;
	readonly limits: Limits;
	/** What answers requests that cannot be served for now. */
	readonly unavailable: Unavailable;
	/** What brings events to the streams. */
	readonly fanOut: FanOut;
	readonly revocations: Revocations;
	readonly #incomingRequests = new IncomingRequests(() => this.revocations.begin());
	/** Its end of the bus. */
	readonly receiver: BusReceiver;
	readonly #streamTimer: StreamTimer;
	readonly #flush = new Flush();
	readonly #compression: Compression;
	readonly #detachQueue = new DetachQueue(letGo);
	/** Requests that are being handled, and the streams that they have opened. */
	readonly #handling = new WeakMap<SseGatewayRequest, EventStream | undefined>();
	readonly #complaints: ThrottledLog;
	readonly #sessions = new Http2Sessions();
	readonly #shutdown: Shutdown;
	/** Streams whose connection is not closed yet, ended ones included. */
	#unclosed = 0;
	#isStarted = false;
	#begun: Promise<void> = Promise.resolve();

	constructor(options: GatewayOptions, service: GatewayService, makeReceiver: MakeReceiver) {
		this.#options = options;
		this.#service = service;
		this.access = new Access(options, service);
		this.limits = new Limits(options.limits, options.trustProxy, service, this.#registry);
		this.#shutdown = new Shutdown(options, this.#registry, service);
		this.unavailable = new Unavailable(options, service, {
			isReady: () => this.isReady,
			timeLeft: () => this.#shutdown.timeLeft
		});
		this.#complaints = new ThrottledLog(text => service.logger.error(text));
		this.#compression = new Compression(options.compression);
		const conflates = options.buffer.policy === "conflate";
		const revocations: RevocationListener = {
			receive: (input, from) => this.revocations.receive(input, from),
			miss: loss => this.revocations.miss(loss)
		};
		this.fanOut = new FanOut(
			this.#registry,
			{ ...options, receiver: makeReceiver, conflates, revocations },
			service
		);
		this.receiver = this.fanOut.receiver;
		this.revocations = new Revocations(this.#registry, service, {
			history: this.fanOut.history,
			tickets: this.access.tickets,
			awakeSince: () => this.receiver.awakeSince
		});
		this.#streamTimer = new StreamTimer(
			{
				interval: options.heartbeat,
				timeout: options.timeout,
				stallTimeout: options.buffer.stallTimeout,
				frame: () => heartbeatFrame(this.fanOut.liveResumeToken)
			},
			this.#registry
		);
	}

	/** The streams that are open, for tests and for a look from outside. */
	get streams(): Registry<EventStream> {
		return this.#registry;
	}

	/** Number of streams whose connection is not closed yet, ended ones included. */
	get unclosed(): number {
		return this.#unclosed;
	}

	/** Takes note of a request, of whatever route, before any middleware sees it. */
	arrived(request: SseGatewayRequest, response: SseGatewayResponse): void {
		this.access.arrived(
			request,
			this.#incomingRequests.openingOf(request) ?? this.revocations.begin()
		);
		const session = isHttp2(response) ? response.stream.session : undefined;
		if (session !== undefined) this.#sessions.add(session as ServerHttp2Session);
		this.#handling.set(request, undefined);
	}

	/** Nobody is at work on a request any more, of whatever route: its action has ended, and all around that. */
	handled(request: SseGatewayRequest, response: SseGatewayResponse): void {
		const stream = this.#handling.get(request);
		this.#handling.delete(request);
		if (stream !== undefined) this.#detachQueue.add(stream);
		else dropBodyOfAnswered(request, response);
	}

	/**
	 * Opens a stream for a request that has passed moleculer-web's own pipeline.
	 *
	 * @param pendingOpen Begun before anybody judged the request.
	 * @param ofAlias The event names that there are at its URL, if it has some of its own.
	 * @throws SseError if the request is refused; nothing has been written then.
	 */
	async open(
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		pendingOpen: PendingOpen,
		ofAlias?: readonly string[]
	): Promise<void> {
		const query = readRequest(request, response, this.#options, ofAlias);
		const { eventNames, lastEventId } = query;
		const retry = drawRetry(this.#options.retry);
		// Not a 503: a native EventSource never comes back from one (WHATWG HTML, 9.2.3).
		if (this.#shutdown.ended !== undefined) return this.#shutdown.sendOn(response);
		const isHead = request.method === "HEAD";
		// A HEAD asks `session` and `authorize` as a GET does: it counts as one.
		const early = this.limits.arrive(request);
		if (early !== undefined) return sendAway(response, early);
		const grant = await this.access.grant(request, response, query);
		const { ids: sessionIds, expiresAt } = grant.session;
		await this.access.authorize({ sessionIds, eventNames, req: request });
		if (expiresAt <= Date.now()) throw noSession();

		// While the application thought about it the client may have gone, or been answered.
		if (isSettled(request, response)) return;
		if (isHead) {
			this.#compression.negotiate(request, response);
			writeHead(response);
			response.end();
			return;
		}
		if (this.#shutdown.ended !== undefined) return this.#shutdown.sendOn(response);
		const revocation = pendingOpen.revokedBy({ sessionIds, eventNames }, grant.provenAt);
		if (revocation !== undefined) {
			return answerBriefly(response, closeFrame(revocation.reason, retry));
		}
		const isBack = lastEventId !== undefined;
		const room = this.limits.admit(request, { sessionIds, eventNames }, isBack);
		if ("sentAway" in room) return sendAway(response, room.sentAway);
		// Last, so that a stream that is sent away may come back with it.
		if (!grant.take()) throw noTicket();
		if (room.ghost !== undefined) this.#giveWay(room.ghost);

		const stream = new EventStream(request, response, {
			sessionIds,
			eventNames,
			maxUnsentBytes: this.#options.buffer.maxBytes,
			policy: this.#options.buffer.policy,
			flush: this.#flush,
			gzip: this.#compression.negotiate(request, response),
			provenAt: Math.min(pendingOpen.began, grant.provenAt ?? pendingOpen.began),
			...drawEnd(this.#options.timeout, expiresAt),
			onError: this.#onError,
			onEnd: this.#onEnd,
			onClose: this.#onClose
		});
		this.#unclosed++;
		this.limits.opened(stream, request);
		this.#registry.add(stream);
		this.#streamTimer.start();
		stream.open();
		begin(stream, this.fanOut, lastEventId, () => ({ retry, degraded: this.receiver.isDegraded }));
		if (this.#handling.has(request)) this.#handling.set(request, stream);
		else this.#detachQueue.add(stream);
		this.#service.logResponse?.(request, response);
	}

	/** Takes `sse.close`, come as a Moleculer event. */
	readonly revoked: Listener = (input, from) => {
		this.receiver.tookRevocation(from);
		this.revocations.receive(input, from);
	};

	/** Whether new streams are taken. */
	get isReady(): boolean {
		// A broker says first of all that it is no longer started, long before it stops its services.
		return this.#isStarted && this.#shutdown.ended === undefined && this.#service.broker.started;
	}

	/**
	 * Begins the life of the service.
	 *
	 * @param steps All that its start is made of, the other mixins' included.
	 */
	begin(steps: () => Promise<void>): Promise<void> {
		const begun = steps();
		this.#begun = begun.catch(() => {});
		return begun;
	}

	/**
	 * Resolves when the service has started, or has failed to. A stop ends the waiting for the message broker, and then has
	 * to wait for the rest: what is started only after it is never stopped.
	 */
	get begun(): Promise<void> {
		return this.#begun;
	}

	/** Takes streams, after a stop as well, when the past is read where the bus can tell of it. */
	async start(): Promise<void> {
		this.#shutdown.cancel();
		// A server that moleculer-web makes brings its requests here first.
		const makesServer = Reflect.get(this.#service.settings ?? {}, "server") === true;
		if (!makesServer) this.#incomingRequests.start();
		this.#sessions.open();
		await this.receiver.start(this.#options.history?.maxAge ?? 0);
		this.#isStarted = true;
	}

	/** Sends new streams away, ends those that are open over `drain`; resolves when all are closed. */
	async stop(): Promise<void> {
		if (this.#shutdown.ended !== undefined) return this.#shutdown.ended;
		const ended = this.#shutdown.begin(this.#unclosed);
		if (this.#options.drain > 0) await ended;
		this.#sessions.close();
		await ended;
		// Until then, what arrives still goes to streams that wait for their turn.
		this.#incomingRequests.stop();
		this.revocations.stop();
		await this.receiver.stop();
	}

	/** If its client is there after all, it comes back. */
	#giveWay(stream: EventStream): void {
		this.limits.replace(stream);
		stream.end("limit", { grace: DRAIN_GRACE, retry: drawRetry(this.#options.retry) });
	}

	readonly #onError = (error: unknown): void => {
		this.#complaints.add(
			`SSE: a stream was cut off, because something that wraps its response failed: ${reasonOf(error)}`
		);
	};

	readonly #onEnd = (stream: EventStream): void => {
		this.#registry.remove(stream);
		this.revocations.ended(stream);
		if (this.#registry.size === 0) this.#streamTimer.stop();
	};

	readonly #onClose = (stream: EventStream): void => {
		this.revocations.closed(stream);
		this.limits.closed(stream);
		this.#unclosed--;
		if (this.#unclosed === 0) this.#shutdown.finish();
	};
}
