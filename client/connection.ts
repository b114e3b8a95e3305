import { backoff } from "./backoff.ts";
import { openEventSource } from "./event-source.ts";
import { openFetch } from "./fetch-stream.ts";
import type { TakeEvent } from "./parser.ts";
import type { Scope } from "./scope.ts";
import { type Failure, failureOf, type StreamSink, type Transport } from "./transport.ts";

type Awaitable<T> = T | PromiseLike<T>;
type HeaderFields = Readonly<Record<string, string>>;

/** How a stream is opened. */
export interface Access {
	readonly url: string;
	readonly withCredentials: boolean;
	readonly ticket?: ((names: string[]) => Awaitable<string | { ticket: string }>) | undefined;
	readonly headers?: HeaderFields | (() => Awaitable<HeaderFields>) | undefined;
}

/** What a connection asks and tells. */
export interface ConnectionHost {
	/** The event names of the next stream. */
	names(): string[];
	/** Where the next stream goes on; empty for a first one. */
	place(): string;
	/** Each event of a stream, the gateway's own included; the first is `sse.open`. */
	readonly take: TakeEvent;
	/** The stream is lost; another one comes. */
	lost(): void;
	/** Nothing comes any more: the gateway has refused it for good. */
	refused(status: number): void;
}

/** Statuses at which nothing is gained by coming back. */
const FINAL: readonly unknown[] = [401, 403, 204];
/**
 * Milliseconds within which a gateway answers, at first: a browser may ask on a connection that is as dead as the one before.
 * Each failure doubles them.
 */
const FIRST_PATIENCE = 5000;
/** The most of them; EventSource comes back by itself in that time. */
const PATIENCE = 60_000;
/** Past a limit, a gateway wants nobody back sooner, and some much later. */
const LIMIT_WAIT = 5000;
const LIMIT_PATIENCE = 600_000;

/** Keeps one stream open, whatever becomes of its connection. */
export class Connection {
	readonly #scope: Scope;
	readonly #access: Access;
	readonly #host: ConnectionHost;
	#transport: Transport | undefined;
	/** Counts attempts: what an earlier one brings is nobody's any more. */
	#attempt = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#failures = 0;
	/** Whether a ticket or headers were asked for again because the last ones were refused. */
	#isAskedAgain = false;
	/** Whether something on the way loses the header with which EventSource says where it was. */
	#isHeaderLost = false;
	/** Whether this is to be found out: the stream that has not gone on is opened again, with its place in the URL. */
	#isSuspected = false;
	/** Milliseconds that any wait has at least. */
	#least = 0;
	/** `performance.now()` of the last sign of life. */
	#heardAt = 0;
	#heartbeat = 0;
	isOpen = false;

	constructor(scope: Scope, access: Access, host: ConnectionHost) {
		this.#scope = scope;
		this.#access = access;
		this.#host = host;
	}

	/** Opens a stream now, in place of the one that there is: with the names, and where the host is by now. */
	open(): void {
		this.close();
		const attempt = this.#attempt;
		const { ticket, headers, url, withCredentials } = this.#access;
		const eventNames = this.#host.names();
		const start = (given?: string | { ticket: string }, sent?: HeaderFields): void => {
			if (attempt !== this.#attempt) return;
			const params = eventNames.map(name => ["eventName", name]);
			const place = this.#host.place();
			if (place) params.push(["lastEventId", place]);
			if (given) params.push(["ticket", typeof given === "string" ? given : given.ticket]);
			const query = params.map(([name, value]) => `${name}=${encodeURIComponent(value as string)}`);
			const request = {
				url: url + (url.includes("?") ? "&" : "?") + query.join("&"),
				eventNames,
				withCredentials,
				headers: sent ?? {}
			};
			this.#expect(Math.min(PATIENCE, FIRST_PATIENCE * 2 ** this.#failures));
			const open = sent || !this.#scope.EventSource ? openFetch : openEventSource;
			this.#transport = open(this.#scope, request, this.#sink(attempt, request.url));
		};
		if (!ticket && !headers) {
			start();
			return;
		}
		const ask = async (): Promise<void> =>
			start(
				await ticket?.(eventNames),
				await (typeof headers === "function" ? headers() : headers)
			);
		ask().catch(error => {
			if (attempt === this.#attempt) this.#failed({ status: error?.status });
		});
	}

	close(): void {
		this.#attempt++;
		this.isOpen = false;
		clearTimeout(this.#timer);
		this.#transport?.close();
		this.#transport = undefined;
	}

	#sink(attempt: number, url: string): StreamSink {
		/** Whether this stream has been open; one that is open again may have lost its place. */
		let wasOpen = false;
		const ifCurrent =
			<Args extends unknown[]>(run: (...args: Args) => void) =>
			(...args: Args) => {
				if (attempt === this.#attempt) run(...args);
			};
		return {
			take: ifCurrent((name, data, id) => {
				this.#heardAt = performance.now();
				if (name === "sse.open") {
					const { resumed, heartbeat = 0 } = JSON.parse(data);
					if (wasOpen && !resumed && this.#host.place()) {
						this.#isSuspected = true;
						return this.open();
					}
					wasOpen = true;
					if (this.#isSuspected) this.#isHeaderLost = resumed;
					this.#isSuspected = false;
					this.#opened(heartbeat);
				}
				if (name === "sse.close" && JSON.parse(data).reason === "limit") this.#least = LIMIT_WAIT;
				this.#host.take(name, data, id);
			}),
			lost: ifCurrent(() => {
				// It would come back with the ticket, which is used, or without its place.
				if (this.#access.ticket || this.#isHeaderLost) return this.#failed({});
				this.#lose();
				this.#expect(this.#least > 0 ? LIMIT_PATIENCE : PATIENCE);
			}),
			closed: ifCurrent(() => {
				this.#lose();
				this.#probe(url).then(ifCurrent(failure => this.#failed(failure)));
			}),
			failed: ifCurrent(failure => this.#failed(failure))
		};
	}

	#opened(heartbeat: number): void {
		this.isOpen = true;
		this.#failures = this.#least = 0;
		this.#isAskedAgain = false;
		this.#heartbeat = heartbeat;
		clearTimeout(this.#timer);
		if (heartbeat > 0) this.#watch();
	}

	/** Looks whether two heartbeats are missing. */
	#watch(): void {
		const left = this.#heardAt + 2 * this.#heartbeat - performance.now();
		this.#expect(left, () => (left > 0 ? this.#watch() : this.#again()));
	}

	#expect(milliseconds: number, otherwise: () => void = () => this.#again()): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(otherwise, Math.max(0, milliseconds));
	}

	#again(): void {
		this.#failures++;
		this.#lose();
		this.open();
	}

	#lose(): void {
		this.isOpen = false;
		this.#host.lost();
	}

	/** What the gateway answers: EventSource does not tell. */
	#probe(url: string): Promise<Failure> {
		const credentials = this.#access.withCredentials ? "include" : "same-origin";
		const headers = { Accept: "text/event-stream" };
		return this.#scope
			.fetch(url, { method: "HEAD", headers, credentials, cache: "no-store" })
			.then(failureOf, () => ({}));
	}

	#failed({ status, wait }: Failure): void {
		this.close();
		if (status !== undefined && FINAL.includes(status)) {
			if (this.#isAskedAgain || !(this.#access.ticket || this.#access.headers)) {
				this.#host.refused(status);
				return;
			}
			this.#isAskedAgain = true;
			wait = 0;
		}
		this.#failures++;
		this.#host.lost();
		this.#expect(wait ?? this.#least + backoff(this.#failures), () => this.open());
	}
}
