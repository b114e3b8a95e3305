import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { PendingOpen } from "../../core/revocation/pending-opens.ts";
import type { SseGatewayRequest } from "../types.ts";

/** Channels on which Node announces a request, before any listener of its server; for HTTP/2 not yet in Node 22. */
const HTTP1 = "http.server.request.start";
const HTTP2 = "http2.server.stream.created";

/**
 * Notes the requests of all servers of the process, as soon as Node has them. If a gateway has no server of its own, the
 * application's middlewares run before it, may take time, and may identify the client.
 */
export class IncomingRequests {
	readonly #begin: () => PendingOpen;
	/** By request, or by HTTP/2 stream. */
	readonly #openings = new WeakMap<object, PendingOpen>();
	#isNoting = false;

	/** @param begin Called for each request. */
	constructor(begin: () => PendingOpen) {
		this.#begin = begin;
	}

	/** Starts to note requests; calling it again is harmless. */
	start(): void {
		if (this.#isNoting) return;
		this.#isNoting = true;
		subscribe(HTTP1, this.#onRequest);
		subscribe(HTTP2, this.#onStream);
	}

	stop(): void {
		this.#isNoting = false;
		unsubscribe(HTTP1, this.#onRequest);
		unsubscribe(HTTP2, this.#onStream);
	}

	/** When a request arrived; undefined if Node did not announce it. */
	openingOf(request: SseGatewayRequest): PendingOpen | undefined {
		const key = "stream" in request ? request.stream : request;
		// A request that an application has made up may have anything there.
		return this.#openings.get(key) ?? this.#openings.get(request);
	}

	readonly #onRequest = (message: unknown): void => {
		this.#openings.set((message as { request: object }).request, this.#begin());
	};

	readonly #onStream = (message: unknown): void => {
		this.#openings.set((message as { stream: object }).stream, this.#begin());
	};
}
