import { setTimeout as delay } from "node:timers/promises";
import type { BusSubscription } from "../bus/bus.ts";
import { readableBus } from "../bus/installed.ts";
import { type CloseReason, closeFrame, heartbeatFrame } from "../core/control.ts";
import type { Opening } from "../core/openings.ts";
import { Registry } from "../core/registry.ts";
import { answerBriefly } from "../http/answer.ts";
import { type Connection, closeConnection, connectionOf, isHttp2 } from "../http/connection.ts";
import { answerAndHangUp, EventStream, writeHead } from "../http/event-stream.ts";
import { Flush } from "../http/flush.ts";
import { Heartbeat } from "../http/heartbeat.ts";
import { hearsOthers } from "../moleculer/transporter.ts";
import { Access, noSession, noTicket } from "./access.ts";
import { FanOut } from "./fan-out.ts";
import { readRequest } from "./request.ts";
import { begin } from "./resume.ts";
import { Revocations } from "./revocations.ts";
import type { GatewayOptions, GatewayRequest, GatewayResponse, GatewayService } from "./types.ts";

/** Milliseconds that clients have to take their last bytes when the node stops. */
const DRAIN_GRACE = 250;
/** Milliseconds that a start waits for the message broker, and for the past to be read from it. */
const CONNECT_PATIENCE = 3000;
const FILL_PATIENCE = 30_000;
/** Part of `timeout` by which streams outlive it at most. */
const LIFE_JITTER = 0.1;

/** The streams of one gateway service: opens them for requests, and ends them. */
export class Gateway {
	readonly #options: GatewayOptions;
	readonly #service: GatewayService;
	readonly #registry = new Registry<EventStream>();
	/** Who may stream what. */
	readonly access: Access;
	/** What brings events to the streams. */
	readonly fanOut: FanOut;
	readonly revocations: Revocations;
	readonly #heartbeat: Heartbeat;
	readonly #flush = new Flush();
	/** The HTTP/2 sessions that have carried a stream: a server waits for them when it closes. */
	readonly #sessions = new Set<Connection>();
	/** Streams whose response is not closed yet, ended ones included. */
	#unclosed = 0;
	#stopped: PromiseWithResolvers<void> | undefined;
	/** To a bus that gateways read by themselves. */
	#subscription: BusSubscription | undefined;

	constructor(options: GatewayOptions, service: GatewayService) {
		this.#options = options;
		this.#service = service;
		this.access = new Access(options, service);
		const fromStream = readableBus(service.broker) !== undefined;
		this.fanOut = new FanOut(this.#registry, { ...options, fromStream }, service);
		this.revocations = new Revocations(this.#registry, service, this.access.tickets?.revocations);
		const { history } = this.fanOut;
		this.#heartbeat = new Heartbeat(
			{
				interval: options.heartbeat,
				timeout: options.timeout,
				frame: () => heartbeatFrame(history?.place(performance.now()))
			},
			this.#registry
		);
	}

	/** The streams that are open, for tests and for a look from outside. */
	get streams(): Registry<EventStream> {
		return this.#registry;
	}

	/** Number of responses that are not closed yet, ended streams included. */
	get unclosed(): number {
		return this.#unclosed;
	}

	/**
	 * Opens a stream for a request that has passed moleculer-web's own pipeline.
	 *
	 * @param opening Begun before anybody judged the request.
	 * @throws SseError if the request is refused; nothing has been written then.
	 */
	async open(request: GatewayRequest, response: GatewayResponse, opening: Opening): Promise<void> {
		const query = readRequest(request, response, this.#options);
		const { eventNames, lastEventId } = query;
		const claim = await this.access.claim(request, response, query);
		const { ids: sessionIds, expiresAt } = claim.session;
		await this.access.authorize({ sessionIds, eventNames, req: request });
		if (expiresAt <= Date.now()) throw noSession();

		// While the application thought about it the client may have gone, or been answered.
		if (isSettled(response)) return;
		if (request.method === "HEAD") {
			writeHead(response);
			response.end();
			return;
		}
		const retry = this.#drawRetry();
		// Not a 503: a native EventSource never comes back from one (WHATWG HTML, 9.2.3).
		if (this.#stopped !== undefined) {
			return answerAndHangUp(request, response, closeFrame("drain", retry));
		}
		const revocation = opening.revokedBy({ sessionIds, eventNames });
		if (revocation !== undefined) {
			return answerBriefly(response, closeFrame(revocation.reason, retry));
		}
		// Last, so that a stream that is sent away may come back with it.
		if (!claim.take()) throw noTicket();

		const stream = new EventStream(request, response, {
			sessionIds,
			eventNames,
			maxUnsentBytes: this.#options.buffer.maxBytes,
			flush: this.#flush,
			...this.#lifeUntil(expiresAt),
			onEnd: this.#onEnd,
			onClose: this.#onClose
		});
		this.#watchSession(request, response);
		this.#unclosed++;
		this.#registry.add(stream);
		this.#heartbeat.start();
		stream.open(request, response);
		begin(stream, this.fanOut.history, lastEventId, { retry, degraded: this.#isDegraded });
		this.#service.logResponse?.(request, response);
		release(request, response);
	}

	/**
	 * Takes streams, after a stop as well. Where the bus can tell of the past, it is read first: clients
	 * that come back find there what they missed. Without a message broker streams are served all the same.
	 */
	async start(): Promise<void> {
		this.#stopped = undefined;
		const bus = readableBus(this.#service.broker);
		if (bus === undefined) return;
		const subscription = bus.subscribe(this.fanOut, this.#options.history?.maxAge ?? 0);
		this.#subscription = subscription;

		let isFilled = false;
		const filled = subscription.filled.then(() => {
			isFilled = true;
		});
		const begun = performance.now();
		while (!isFilled && this.#subscription === subscription) {
			const patience = subscription.connected ? FILL_PATIENCE : CONNECT_PATIENCE;
			if (performance.now() - begun > patience) {
				this.#service.logger.warn(
					"SSE: the stream cannot be read so far; streams are served meanwhile, as degraded."
				);
				return;
			}
			await Promise.race([filled, delay(100)]);
		}
	}

	/** Ends every stream, hangs up and sends new ones away; resolves when all are closed. */
	async stop(): Promise<void> {
		this.#stopped ??= Promise.withResolvers();
		for (const stream of this.#registry) {
			stream.end("drain", { hangUp: true, grace: DRAIN_GRACE });
		}
		for (const session of this.#sessions) closeConnection(session);
		if (this.#unclosed === 0) this.#stopped.resolve();
		const subscription = this.#subscription;
		this.#subscription = undefined;
		await Promise.all([this.#stopped.promise, subscription?.end()]);
	}

	/** Whether events may be late, or lost and told: the gateway does not hear everything now. */
	get #isDegraded(): boolean {
		if (this.#subscription !== undefined) return !this.#subscription.working;
		return !hearsOthers(this.#service.broker);
	}

	#watchSession(request: GatewayRequest, response: GatewayResponse): void {
		const session = isHttp2(response) ? connectionOf(request, response) : undefined;
		if (session === undefined || this.#sessions.has(session)) return;
		this.#sessions.add(session);
		session.once("close", () => this.#sessions.delete(session));
	}

	readonly #onEnd = (stream: EventStream): void => {
		this.#registry.remove(stream);
		this.revocations.ended(stream);
		if (this.#registry.size === 0) this.#heartbeat.stop();
	};

	readonly #onClose = (stream: EventStream): void => {
		this.revocations.closed(stream);
		this.#unclosed--;
		if (this.#unclosed === 0) this.#stopped?.resolve();
	};

	#drawRetry(): number | undefined {
		const { retry } = this.#options;
		if (retry === null) return undefined;
		const [min, max] = retry;
		return min + Math.floor(Math.random() * (max - min + 1));
	}

	/** A stream lives its own life, and never longer than its session. */
	#lifeUntil(sessionEnd: number): { expiresAt: number; endsBy: CloseReason } {
		const { timeout } = this.#options;
		const now = performance.now();
		const life =
			timeout === 0 ? Number.POSITIVE_INFINITY : timeout * (1 + Math.random() * LIFE_JITTER);
		const left = sessionEnd - Date.now();
		return left <= life
			? { expiresAt: now + left, endsBy: "expired" }
			: { expiresAt: now + life, endsBy: "timeout" };
	}
}

function isSettled(response: GatewayResponse): boolean {
	if (response.headersSent || response.writableEnded) return true;
	return "stream" in response ? response.stream.destroyed : response.destroyed;
}

/** What the request's handling needed and a stream does not: held, it would cost 2 KB a stream. */
function release(request: GatewayRequest, response: GatewayResponse): void {
	request.$ctx = undefined;
	response.$ctx = undefined;
	request.$params = undefined;
	// Express makes `query` a getter, which an assignment would not survive.
	Reflect.set(request, "query", undefined);
}
