import type { BusReceiver, Listener, MakeReceiver } from "../bus/bus.ts";
import { Registry } from "../core/addressing/registry.ts";
import { GatewayCounters } from "../core/metrics/counters.ts";
import type { PendingOpen } from "../core/revocation/pending-opens.ts";
import { ServerConnections } from "../http/server-connections.ts";
import { metricsOf, type Telling } from "../moleculer/metrics/metrics.ts";
import type { EventStream } from "../streams/event-stream.ts";
import { Flush } from "../streams/flush.ts";
import { Access } from "./auth/access.ts";
import { deliveryTracing } from "./delivery/delivery-tracing.ts";
import { FanOut, type RevocationListener } from "./delivery/fan-out.ts";
import { Revocations } from "./delivery/revocations.ts";
import { gatewaySource } from "./gateway-metrics.ts";
import { GatewayStreams } from "./gateway-streams.ts";
import { Limits } from "./limits/limits.ts";
import { openStream } from "./opening/open-stream.ts";
import { Opening, type OpeningParts } from "./opening/opening.ts";
import { Compression } from "./request/compression.ts";
import { IncomingRequests } from "./request/incoming-requests.ts";
import { StreamRefusals } from "./request/stream-refusals.ts";
import { Unavailable } from "./request/unavailable.ts";
import { Shutdown } from "./stop/shutdown.ts";
import type {
	GatewayOptions,
	GatewayService,
	SseGatewayRequest,
	SseGatewayResponse
} from "./types.ts";

/** The gateway of one service: puts its parts together, starts and stops them. */
export class Gateway {
	readonly #options: GatewayOptions;
	readonly #service: GatewayService;
	readonly #registry = new Registry<EventStream>();
	readonly counters: GatewayCounters;
	readonly refusals: StreamRefusals;
	readonly #telling: Telling;
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
	readonly #streams: GatewayStreams;
	/** What its openings pass through. */
	readonly #opening: OpeningParts;
	readonly #connections = new ServerConnections();
	readonly #shutdown: Shutdown;
	#isStarted = false;
	#begun: Promise<void> = Promise.resolve();

	constructor(options: GatewayOptions, service: GatewayService, makeReceiver: MakeReceiver) {
		this.#options = options;
		this.#service = service;
		const counters = new GatewayCounters(options.events);
		const metrics = metricsOf(service.broker);
		const deliveryTimes = metrics.deliveryTimes(counters.deliveryTime);
		this.counters = counters;
		this.refusals = new StreamRefusals(counters, options.refusals);
		this.access = new Access(options, service, counters);
		this.limits = new Limits(options.limits, options.trustProxy, service, this.#registry, counters);
		this.#shutdown = new Shutdown(options, this.#registry, service);
		const stopping = {
			isReady: () => this.isReady,
			timeLeft: () => this.#shutdown.timeLeft
		};
		this.unavailable = new Unavailable(options, service, stopping, this.refusals);
		const compression = new Compression(options.compression, counters);
		const conflates = options.buffer.policy === "conflate";
		const revocations: RevocationListener = {
			receive: (input, from) => this.revocations.receive(input, from),
			miss: loss => this.revocations.miss(loss)
		};
		const flush = new Flush(counters, deliveryTimes);
		const tracing = deliveryTracing(service, this.#registry, flush);
		this.fanOut = new FanOut(
			this.#registry,
			{
				...options,
				receiver: makeReceiver,
				conflates,
				revocations,
				tracing,
				counters,
				deliveryTimes
			},
			service
		);
		this.receiver = this.fanOut.receiver;
		this.revocations = new Revocations(this.#registry, service, {
			history: this.fanOut.history,
			tickets: this.access.tickets,
			counters,
			awakeSince: () => this.receiver.awakeSince
		});
		this.#streams = new GatewayStreams({
			options,
			service,
			registry: this.#registry,
			limits: this.limits,
			compression,
			flush,
			fanOut: this.fanOut,
			counters,
			deliveryTimes,
			revocations: this.revocations,
			onBegun: request => this.#connections.streams(request),
			onAllClosed: () => this.#shutdown.finish()
		});
		this.#opening = {
			options,
			access: this.access,
			limits: this.limits,
			shutdown: this.#shutdown,
			refusals: this.refusals,
			compression,
			streams: this.#streams
		};
		this.#telling = metrics.add(gatewaySource(this, options.events));
	}

	/** The streams that are open, for tests and for a look from outside. */
	get streams(): Registry<EventStream> {
		return this.#registry;
	}

	/** Whether it ends its streams because its node stops. */
	get isStopping(): boolean {
		return this.#shutdown.ended !== undefined;
	}

	/** Number of streams whose connection is not closed yet, ended ones included. */
	get unclosed(): number {
		return this.#streams.unclosed;
	}

	/** Takes note of a request, of whatever route, before any middleware sees it. */
	arrived(request: SseGatewayRequest, response: SseGatewayResponse): void {
		this.access.arrived(
			request,
			this.#incomingRequests.openingOf(request) ?? this.revocations.begin()
		);
		this.#connections.arrived(response);
		this.#streams.arrived(request);
	}

	/** Nobody is at work on a request any more, of whatever route: its action has ended, and all around that. */
	handled(request: SseGatewayRequest, response: SseGatewayResponse): void {
		this.#streams.handled(request, response);
	}

	/**
	 * Opens a stream for a request that has passed moleculer-web's own pipeline, if it passes all steps of
	 * `opening/opening-steps.ts`.
	 *
	 * @param pendingOpen Begun before anybody judged the request.
	 * @param ofAlias The event names that there are at its URL, if it has some of its own.
	 * @throws SseError if the request is refused; nothing has been written then.
	 */
	open(
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		pendingOpen: PendingOpen,
		ofAlias?: readonly string[]
	): Promise<void> {
		return openStream(new Opening(request, response, pendingOpen, ofAlias), this.#opening);
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
		this.#telling.start();
		// A server that moleculer-web makes brings its requests here first.
		const server: unknown = Reflect.get(this.#service.settings ?? {}, "server");
		if (server !== true) this.#incomingRequests.start();
		this.#connections.open(server === false ? undefined : this.#service.server);
		await this.receiver.start(this.#options.history?.maxAge ?? 0);
		this.#isStarted = true;
	}

	/** Sends new streams away, ends those that are open over `drain`; resolves when all are closed. */
	async stop(): Promise<void> {
		if (this.#shutdown.ended !== undefined) return this.#shutdown.ended;
		const ended = this.#shutdown.begin(this.unclosed);
		if (this.#options.drain > 0) await ended;
		this.#connections.close();
		await ended;
		// Until then, what arrives still goes to streams that wait for their turn.
		this.#incomingRequests.stop();
		this.revocations.stop();
		await this.receiver.stop();
	}

	/** The start that the stop has come into, if there was one, is over as well. */
	finish(): void {
		this.#connections.finish();
		this.#telling.stop();
	}
}
