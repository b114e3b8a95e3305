import { conflationKey } from "../core/contract.ts";
import { closeFrame, heartbeatFrame } from "../core/control.ts";
import { Registry } from "../core/registry.ts";
import { type Connection, closeConnection, connectionOf, isHttp2 } from "../http/connection.ts";
import { answerAndHangUp, EventStream, writeHead } from "../http/event-stream.ts";
import { Flush } from "../http/flush.ts";
import { Gzip } from "../http/gzip.ts";
import { Heartbeat } from "../http/heartbeat.ts";
import { Settling } from "../http/settling.ts";
import { SseError } from "../moleculer/sse-error.ts";
import { hearsOthers } from "../moleculer/transporter.ts";
import { FanOut, type KeyOf } from "./fan-out.ts";
import { acceptsGzip, readRequest } from "./request.ts";
import { begin } from "./resume.ts";
import { resolveSession } from "./session.ts";
import type {
	GatewayOptions,
	GatewayRequest,
	GatewayResponse,
	GatewayService,
	StreamAccess
} from "./types.ts";

/** Milliseconds that clients have to take their last bytes when the node stops. */
const DRAIN_GRACE = 250;
/** Bytes below which an event is not deflated, unless the option says otherwise. */
const THRESHOLD = 1024;
const ACCEPT_ENCODING = "Accept-Encoding";
/** Part of `timeout` by which streams outlive it at most. */
const LIFE_JITTER = 0.1;

/** The streams of one gateway service: opens them for requests, and ends them. */
export class Gateway {
	readonly #options: GatewayOptions;
	readonly #service: GatewayService;
	readonly #registry = new Registry<EventStream>();
	/** What brings events to the streams. */
	readonly fanOut: FanOut;
	readonly #heartbeat: Heartbeat;
	readonly #flush = new Flush();
	readonly #gzip: Gzip | undefined;
	readonly #settling = new Settling();
	readonly #resolutions = new WeakMap<GatewayRequest, Promise<readonly string[] | null>>();
	/** The HTTP/2 sessions that have carried a stream: a server waits for them when it closes. */
	readonly #sessions = new Set<Connection>();
	/** Streams whose response is not closed yet, ended ones included. */
	#unclosed = 0;
	#stopped: PromiseWithResolvers<void> | undefined;

	constructor(options: GatewayOptions, service: GatewayService) {
		this.#options = options;
		this.#service = service;
		const { compression } = options;
		this.#gzip = compression === null ? undefined : new Gzip(compression.threshold ?? THRESHOLD);
		const keyOf: KeyOf | undefined =
			options.buffer.policy === "conflate"
				? event => conflationKey(options.events, event)
				: undefined;
		this.fanOut = new FanOut(this.#registry, options.history, service, keyOf);
		const { history } = this.fanOut;
		this.#heartbeat = new Heartbeat(
			{
				interval: options.heartbeat,
				timeout: options.timeout,
				stallTimeout: options.buffer.stallTimeout,
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
	 * @throws SseError if the request is refused; nothing has been written then.
	 */
	async open(request: GatewayRequest, response: GatewayResponse): Promise<void> {
		const { eventNames, lastEventId } = readRequest(request, response);
		const sessionIds = await this.resolveSession(request, response);
		if (sessionIds === null) {
			throw new SseError("SSE_UNAUTHORIZED", "A stream needs a session.");
		}
		await this.#authorize(request, { sessionIds, eventNames, req: request });

		// While the application thought about it the client may have gone, or been answered.
		if (isSettled(response)) return;
		const gzip = this.#negotiate(request, response);
		if (request.method === "HEAD") {
			writeHead(response);
			response.end();
			return;
		}
		const retry = this.#drawRetry();
		if (this.#stopped !== undefined) {
			response.removeHeader("Content-Encoding");
			// Not a 503: a native EventSource never comes back from one (WHATWG HTML, 9.2.3).
			answerAndHangUp(request, response, closeFrame("drain", retry));
			return;
		}

		const stream = new EventStream(request, response, {
			sessionIds,
			eventNames,
			maxUnsentBytes: this.#options.buffer.maxBytes,
			policy: this.#options.buffer.policy,
			flush: this.#flush,
			gzip,
			expiresAt: this.#drawExpiry(),
			onEnd: this.#onEnd,
			onClose: this.#onClose
		});
		this.#watchSession(request, response);
		this.#unclosed++;
		this.#registry.add(stream);
		this.#heartbeat.start();
		stream.open(request, response);
		const degraded = !hearsOthers(this.#service.broker);
		begin(stream, this.fanOut.history, lastEventId, { retry, degraded });
		this.#service.logResponse?.(request, response);
		release(request, response);
		this.#settling.add(stream);
	}

	/**
	 * The ids that a request answers to, the same for streams and API calls; null without a session.
	 *
	 * @throws SseError `SSE_INTERNAL` if the resolver fails; the reason is in the log.
	 */
	resolveSession(
		request: GatewayRequest,
		response: GatewayResponse
	): Promise<readonly string[] | null> {
		// Once a request: asked twice, a client without a cookie would be given two sessions.
		let resolution = this.#resolutions.get(request);
		if (resolution === undefined) {
			resolution = resolveSession(this.#options.session, request, response).catch(error => {
				throw this.#failed("session", error);
			});
			this.#resolutions.set(request, resolution);
		}
		return resolution;
	}

	/** Takes streams, after a stop as well. */
	start(): void {
		this.#stopped = undefined;
	}

	/** Ends every stream, hangs up and sends new ones away; resolves when all are closed. */
	stop(): Promise<void> {
		this.#stopped ??= Promise.withResolvers();
		for (const stream of this.#registry) {
			stream.end("drain", { hangUp: true, grace: DRAIN_GRACE });
		}
		for (const session of this.#sessions) closeConnection(session);
		if (this.#unclosed === 0) this.#stopped.resolve();
		return this.#stopped.promise;
	}

	/** Says in the head whether the stream is compressed. */
	#negotiate(request: GatewayRequest, response: GatewayResponse): Gzip | undefined {
		if (this.#gzip === undefined) return undefined;
		const vary = response.getHeader("Vary");
		response.setHeader(
			"Vary",
			vary === undefined ? ACCEPT_ENCODING : `${vary}, ${ACCEPT_ENCODING}`
		);
		if (!acceptsGzip(request)) return undefined;
		response.setHeader("Content-Encoding", "gzip");
		return this.#gzip;
	}

	#watchSession(request: GatewayRequest, response: GatewayResponse): void {
		const session = isHttp2(response) ? connectionOf(request, response) : undefined;
		if (session === undefined || this.#sessions.has(session)) return;
		this.#sessions.add(session);
		session.once("close", () => this.#sessions.delete(session));
	}

	readonly #onEnd = (stream: EventStream): void => {
		this.#registry.remove(stream);
		if (this.#registry.size === 0) this.#heartbeat.stop();
	};

	readonly #onClose = (): void => {
		this.#unclosed--;
		if (this.#unclosed === 0) this.#stopped?.resolve();
	};

	async #authorize(request: GatewayRequest, access: StreamAccess): Promise<void> {
		const { authorize } = this.#options;
		if (authorize === undefined) return;
		let allowed: boolean;
		try {
			// biome-ignore lint/style/noNonNullAssertion: set by moleculer-web before any handler runs
			allowed = await authorize(request.$ctx!, access);
		} catch (error) {
			throw this.#failed("authorize", error);
		}
		if (allowed !== true) {
			throw new SseError("SSE_FORBIDDEN", "This session may not open that stream.");
		}
	}

	/** The reason stays in the log; the client learns only that it was not the client's fault. */
	#failed(option: string, error: unknown): SseError {
		this.#service.logger.error(`SSE: "${option}" failed, the request is refused.`, error);
		return new SseError("SSE_INTERNAL", "The stream cannot be opened now.");
	}

	#drawRetry(): number | undefined {
		const { retry } = this.#options;
		if (retry === null) return undefined;
		const [min, max] = retry;
		return min + Math.floor(Math.random() * (max - min + 1));
	}

	#drawExpiry(): number {
		const { timeout } = this.#options;
		if (timeout === 0) return Number.POSITIVE_INFINITY;
		return performance.now() + timeout * (1 + Math.random() * LIFE_JITTER);
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
