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
import type { PastStreams } from "./past-streams.ts";
import { Compression } from "./request/compression.ts";
import { IncomingRequests } from "./request/incoming-requests.ts";
import { StreamRefusals } from "./request/stream-refusals.ts";
import { Unavailable } from "./request/unavailable.ts";
import { WaitingRequests } from "./request/waiting-requests.ts";
import { Shutdown } from "./stop/shutdown.ts";
import { Starting } from "./stop/starting.ts";
import type {
	GatewayOptions,
	GatewayService,
	SseGatewayRequest,
	SseGatewayResponse
} from "./types.ts";

/** The gateway of one service: assembles its parts, starts and stops them. */
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
	/** Answers requests that cannot be served for now. */
	readonly unavailable: Unavailable;
	/** Requests whose streams the application has still to let open. */
	readonly waiting: WaitingRequests = new WaitingRequests(() => this.isStopping);
	/** Passes events to the streams. */
	readonly fanOut: FanOut;
	readonly revocations: Revocations;
	readonly #incomingRequests = new IncomingRequests(() => this.revocations.begin());
	/** Its end of the bus. */
	readonly receiver: BusReceiver;
	readonly #streams: GatewayStreams;
	/** The parts that its openings use. */
	readonly #opening: OpeningParts;
	readonly #connections: ServerConnections;
	readonly #shutdown: Shutdown;
	/** The start of its service. */
	readonly starting: Starting = new Starting();
	#isStarted = false;

	constructor(options: GatewayOptions, service: GatewayService, makeReceiver: MakeReceiver) {
		this.#options = options;
		this.#service = service;
		this.#connections = new ServerConnections(text => service.logger.error(text));
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
			timeLeft: () => this.#shutdown.timeLeft,
			sendOn: (response: SseGatewayResponse) => this.#shutdown.sendOn(response)
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

	/** The open streams, for tests and for diagnosis. */
	get streams(): Registry<EventStream> {
		return this.#registry;
	}

	/** Whether it is ending its streams because its node stops. */
	get isStopping(): boolean {
		return this.#shutdown.ended !== undefined;
	}

	/** The streams that ended recently. */
	get pastStreams(): PastStreams {
		return this.#streams.past;
	}

	/** Number of streams whose connection is not closed yet, including those that have ended. */
	get unclosed(): number {
		return this.#streams.unclosed;
	}

	/** Notes a request, of any route, before any middleware sees it. */
	arrived(request: SseGatewayRequest, response: SseGatewayResponse): void {
		this.access.arrived(
			request,
			this.#incomingRequests.openingOf(request) ?? this.revocations.begin()
		);
		this.#connections.arrived(response);
		this.#streams.arrived(request);
	}

	/** A request, of any route, has been handled: its action has ended, and everything around it. */
	handled(request: SseGatewayRequest, response: SseGatewayResponse): void {
		this.#streams.handled(request, response);
	}

	/**
	 * Opens a stream for a request that has passed moleculer-web's own pipeline, if it passes all steps of
	 * `opening/opening-steps.ts`.
	 *
	 * @param pendingOpen Begun before the request was judged.
	 * @param ofAlias The event names available at its URL, if the alias has names of its own.
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

	/** Takes `sse.close` that has arrived as a Moleculer event. */
	readonly revoked: Listener = (input, from) => {
		this.receiver.tookRevocation(from);
		this.revocations.receive(input, from);
	};

	/** Whether new streams are accepted. */
	get isReady(): boolean {
		// A stopping broker is no longer `started`, long before it stops its services.
		return this.#isStarted && this.#shutdown.ended === undefined && this.#service.broker.started;
	}

	/** Accepts streams, also after a stop, once the past has been read, if the bus has it. */
	async start(): Promise<void> {
		this.#shutdown.cancel();
		this.#telling.start();
		// A server that moleculer-web creates brings its requests here first.
		const server: unknown = Reflect.get(this.#service.settings ?? {}, "server");
		if (server !== true) this.#incomingRequests.start();
		this.#connections.open(server === false ? undefined : this.#service.server);
		await this.receiver.start(this.#options.history?.maxAge ?? 0);
		this.#isStarted = true;
	}

	/** Sends new streams away, and ends the open ones over `drain`; resolves when all are closed. */
	async stop(): Promise<void> {
		if (this.#shutdown.ended !== undefined) return this.#shutdown.ended;
		const ended = this.#shutdown.begin(this.unclosed);
		this.waiting.sendOn();
		if (this.#options.drain > 0) await ended;
		this.#connections.close();
		await ended;
		// Until then, what arrives still goes to streams that wait for their turn.
		this.#incomingRequests.stop();
		this.revocations.stop();
		await this.receiver.stop();
	}

	/** Closes the server of moleculer-web, which began to listen after the stop. */
	undoStart(): void {
		const { settings, server } = this.#service;
		if (Reflect.get(settings ?? {}, "server") === false || server?.listening !== true) return;
		server.close();
		(server as Partial<typeof server>).closeAllConnections?.();
	}

	/** Call this after {@link stop}: waits for a start that it has interrupted, if there is one, but not for ever. */
	async finish(): Promise<void> {
		const isOver = await this.starting.settle();
		this.access.end();
		this.#connections.finish();
		this.#telling.stop();
		if (isOver) return;
		this.#service.logger.warn(
			"SSE: a hook of this service's start has not returned, and the stop no longer waits for it."
		);
	}
}
