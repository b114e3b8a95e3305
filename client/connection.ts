import { backoff, LONGEST } from "./backoff.ts";
import { openEventSource } from "./event-source.ts";
import { openFetch } from "./fetch-stream.ts";
import { readOpen } from "./open-event.ts";
import type { TakeEvent } from "./parser.ts";
import type { Scope } from "./scope.ts";
import {
	type Failure,
	probe,
	type StreamRequest,
	type StreamSink,
	streamUrl,
	type Transport
} from "./transport.ts";

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
	/** The gateway has refused the names, or so many: whether others are asked for at once. */
	retreats(): boolean;
	/** Nothing comes any more: the gateway has refused it for good. */
	refused(status: number): void;
}

/** Statuses at which nothing is gained by coming back. */
const FINAL: readonly unknown[] = [401, 403, 204];
/** Statuses of requests that fewer names may mend. */
const OF_NAMES: readonly unknown[] = [400, 403, 413, 414, 431];
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
	/** `performance.now()` before which no stream is opened; and the part of it that the gateway has asked for. */
	#notBefore = 0;
	#asked = 0;
	/** Whether EventSource waits for what the gateway has asked for, which it tells nobody, and comes back by itself. */
	#isReturning = false;
	/** Whether it comes back with names, or at a place, of before. */
	#isStale = false;
	/** `performance.now()` of the last sign of life. */
	#heardAt = 0;
	#heartbeat = 0;
	isOpen = false;

	constructor(scope: Scope, access: Access, host: ConnectionHost) {
		this.#scope = scope;
		this.#access = access;
		this.#host = host;
	}

	/**
	 * Opens a stream in place of the one that there is, with the names, and where the host is by then: now, or when what is waited
	 * for is over.
	 */
	open(): void {
		const left = this.#notBefore - performance.now();
		if (this.#isReturning) this.#isStale = true;
		else if (left <= 0) this.#start();
		else {
			this.close();
			this.#expect(left, () => this.#start());
		}
	}

	/** From now on only what the gateway has asked for is waited for. */
	hurry(): void {
		this.#isReturning = false;
		this.#notBefore = this.#asked;
	}

	close(): void {
		this.#attempt++;
		this.isOpen = this.#isReturning = this.#isStale = false;
		clearTimeout(this.#timer);
		this.#transport?.close();
		this.#transport = undefined;
	}

	#start(): void {
		this.close();
		const attempt = this.#attempt;
		const { ticket, headers, url, withCredentials } = this.#access;
		const eventNames = this.#host.names();
		const patience = Math.min(PATIENCE, FIRST_PATIENCE * 2 ** this.#failures);
		const start = (given?: string | { ticket: string }, sent?: HeaderFields): void => {
			if (attempt !== this.#attempt) return;
			const proof = typeof given === "object" ? given.ticket : given;
			const requestNow = (): StreamRequest => ({
				url: streamUrl(url, eventNames, this.#host.place(), proof),
				eventNames,
				withCredentials,
				headers: sent ?? {}
			});
			this.#expect(patience);
			const open = sent || !this.#scope.EventSource ? openFetch : openEventSource;
			this.#transport = open(this.#scope, requestNow(), this.#sink(attempt, requestNow));
		};
		if (!ticket && !headers) {
			start();
			return;
		}
		// a request of the application may be on a dead connection, too
		this.#expect(patience);
		const ask = async (): Promise<void> =>
			start(
				await ticket?.(eventNames),
				await (typeof headers === "function" ? headers() : headers)
			);
		ask().catch(error => {
			if (attempt === this.#attempt) this.#failed({ status: error?.status });
		});
	}

	/** @param requestNow Its request, from the place of that moment on. */
	#sink(attempt: number, requestNow: () => StreamRequest): StreamSink {
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
					const { resumed, heartbeat } = readOpen(data);
					const isLost = wasOpen && !resumed && this.#host.place() !== "";
					this.#isSuspected ||= isLost;
					if (isLost || this.#isStale) return this.#start();
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
				this.#isReturning = true;
				this.#asked = performance.now() + this.#least;
				this.#expect(this.#least > 0 ? LIMIT_PATIENCE : PATIENCE);
			}),
			closed: ifCurrent(() => {
				this.#lose();
				this.#expect(PATIENCE);
				const asked = probe(this.#scope, requestNow());
				asked.then(ifCurrent(failure => this.#failed(failure)));
			}),
			failed: ifCurrent(failure => this.#failed(failure))
		};
	}

	#opened(heartbeat: number): void {
		this.isOpen = true;
		this.#failures = this.#least = this.#notBefore = this.#asked = 0;
		this.#isAskedAgain = this.#isReturning = false;
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
		this.#timer = setTimeout(otherwise, Math.max(0, Math.min(milliseconds, LONGEST)));
	}

	#again(): void {
		this.#failures++;
		this.#lose();
		this.#start();
	}

	#lose(): void {
		this.isOpen = false;
		this.#host.lost();
	}

	#failed({ status, wait }: Failure): void {
		this.close();
		if (OF_NAMES.includes(status) && this.#host.retreats()) {
			this.open();
			return;
		}
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
		const now = performance.now();
		this.#asked = now + ((status && wait) || this.#least);
		this.#notBefore = now + (wait ?? this.#least + backoff(this.#failures));
		this.open();
	}
}
