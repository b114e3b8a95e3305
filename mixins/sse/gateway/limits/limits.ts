import type { Registry, Subscription } from "../../core/addressing/registry.ts";
import { ExpiringCounter, MAX_COUNT } from "../../core/limits/expiring-counter.ts";
import { KeyedCounter } from "../../core/limits/keyed-counter.ts";
import { TokenBucket } from "../../core/limits/token-bucket.ts";
import type { GatewayCounters } from "../../core/metrics/counters.ts";
import type { LimitName } from "../../core/metrics/label-values.ts";
import type { StreamLimits } from "../../core/options/limit-options.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import { isProbe } from "../request/request.ts";
import type { GatewayService, SseGatewayRequest } from "../types.ts";
import { type AddressReader, addressReader, type TrustProxy } from "./address.ts";
import { Ghosts } from "./ghosts.ts";

/** The answer to a stream that may not open now: milliseconds until it may come back, or never. */
export type SentAway = { readonly retry: number } | "for good";

/** Whether a stream may open, and which other one must give way first, if any. */
export type Room = { readonly sentAway: SentAway } | { readonly ghost: EventStream | undefined };

/** Shortest wait, in milliseconds, of a client that is sent away; drawn from that to half as much again. */
const WAIT = 5000;
/** The same if room is made only by streams that end. */
const LONG_WAIT = 15_000;
const MAX_WAIT = 300_000;
/** Least milliseconds between two warnings. */
const LOG_EVERY = 10_000;

/** Decides who may open a stream, by gateway, session and address. */
export class Limits {
	readonly #limits: StreamLimits;
	readonly #service: GatewayService;
	readonly #counters: GatewayCounters;
	readonly #addressOf: AddressReader;
	readonly #tokenBucket: TokenBucket | undefined;
	/** The same for HEAD, which asks the application too, and takes nothing away from streams. */
	readonly #probes: TokenBucket | undefined;
	/** By session, or address, that is past its own limit: clients that should still be waiting. */
	readonly #waits = new ExpiringCounter();
	readonly #sessions = new KeyedCounter();
	readonly #addresses = new KeyedCounter();
	readonly #ghosts: Ghosts;
	/** Streams that have given way, and no longer count for their sessions. */
	readonly #replaced = new Set<EventStream>();
	/** Addresses of the streams that count for one. */
	readonly #addressOfStream = new Map<EventStream, string>();
	#open = 0;
	/** Event names of the open streams, as often as a stream has them. */
	#eventNames = 0;
	#loggedAt = Number.NEGATIVE_INFINITY;
	#sentAway = 0;

	constructor(
		limits: StreamLimits,
		trustProxy: TrustProxy,
		service: GatewayService,
		streams: Registry<EventStream>,
		counters: GatewayCounters
	) {
		this.#limits = limits;
		this.#counters = counters;
		this.#ghosts = new Ghosts(streams, limits.streamsPerSession);
		this.#service = service;
		this.#addressOf = addressReader(trustProxy);
		if (limits.opensPerSecond > 0) {
			this.#tokenBucket = new TokenBucket(limits.opensPerSecond);
			this.#probes = new TokenBucket(limits.opensPerSecond);
		}
	}

	/** Number of entries, for tests and for diagnosis. */
	get held(): number {
		return this.counted + this.#waits.size + this.#ghosts.size;
	}

	/** Number of entries for present streams: 0 if there are none. */
	get counted(): number {
		const streams = this.#addressOfStream.size + this.#replaced.size;
		return this.#sessions.size + this.#addresses.size + streams + this.#eventNames;
	}

	/** Called before the client is identified: is there room, and is the rate below its limit? */
	arrive(request: SseGatewayRequest): SentAway | undefined {
		const now = performance.now();
		const full = this.#lookForRoom(request, now);
		if (full !== undefined) return full;
		const bucket = isProbe(request) ? this.#probes : this.#tokenBucket;
		if (bucket === undefined || bucket.take(now)) return undefined;
		return this.#sendAway(request, "opensPerSecond", bucket.wait(now, WAIT), now);
	}

	/**
	 * Called when the client is identified, in the turn in which the stream opens.
	 *
	 * @param isBack Whether the client says that it was here before.
	 * @returns If a stream gives way, pass it to {@link replace}.
	 */
	admit(request: SseGatewayRequest, stream: Subscription, isBack: boolean): Room {
		const now = performance.now();
		const [session = ""] = stream.sessionIds;
		let ghost: EventStream | undefined;
		if (isReached(this.#limits.streamsPerSession, this.#sessions.of(session))) {
			ghost = isBack ? this.#ghosts.of(stream) : undefined;
			if (ghost === undefined) {
				const key = `session ${session}`;
				return { sentAway: this.#sendAway(request, "streamsPerSession", LONG_WAIT, now, key) };
			}
		}
		// Others may have opened while the application was asked.
		const sentAway = this.#lookForRoom(request, now);
		return sentAway === undefined ? { ghost } : { sentAway };
	}

	/** A stream gives way to another of its session, and is about to end. */
	replace(stream: EventStream): void {
		this.#ghosts.replace(stream);
		this.#replaced.add(stream);
		this.#sessions.down(stream.sessionIds[0] as string);
	}

	/** Counts a stream; the first of its ids is its session's own. */
	opened(stream: EventStream, request: SseGatewayRequest): void {
		this.#open++;
		this.#eventNames += stream.eventNames.length;
		this.#sessions.up(stream.sessionIds[0] as string);
		const address = this.#counted(request);
		if (address === undefined) return;
		this.#addresses.up(address);
		this.#addressOfStream.set(stream, address);
	}

	/** Nothing is left of a stream. */
	closed(stream: EventStream): void {
		this.#open--;
		this.#eventNames -= stream.eventNames.length;
		if (!this.#replaced.delete(stream)) this.#sessions.down(stream.sessionIds[0] as string);
		const address = this.#addressOfStream.get(stream);
		if (address === undefined) return;
		this.#addressOfStream.delete(stream);
		this.#addresses.down(address);
	}

	#lookForRoom(request: SseGatewayRequest, now: number): SentAway | undefined {
		if (isReached(this.#limits.streams, this.#open)) {
			return this.#sendAway(request, "streams", LONG_WAIT, now);
		}
		if (isReached(this.#limits.eventNames, this.#eventNames)) {
			return this.#sendAway(request, "eventNames", LONG_WAIT, now);
		}
		const address = this.#counted(request);
		if (address === undefined) return undefined;
		if (!isReached(this.#limits.streamsPerIp, this.#addresses.of(address))) return undefined;
		return this.#sendAway(request, "streamsPerIp", LONG_WAIT, now, `address ${address}`);
	}

	#counted(request: SseGatewayRequest): string | undefined {
		return this.#limits.streamsPerIp > 0 ? this.#addressOf(request) : undefined;
	}

	/**
	 * The wait grows with every client of the same key that should still be waiting: one that comes back at once waits longer
	 * each time, and a session that ignores every wait is sent away for good.
	 *
	 * @param key The session or the address that is past its own limit. None for a limit of the gateway: that is nobody's
	 * fault, and before a client is identified, nothing in a request tells one from another.
	 */
	#sendAway(
		request: SseGatewayRequest,
		limit: LimitName,
		wait: number,
		now: number,
		key?: string
	): SentAway {
		const counts = !isProbe(request);
		if (counts) {
			this.#log(limit, now);
			this.#counters.limitsReached.add(limit);
		}
		const waiting = key === undefined ? 0 : this.#waits.of(key, now);
		// Behind one address there may be many that wait as they were told.
		if (waiting > MAX_COUNT && limit === "streamsPerSession") return "for good";
		const shortest = Math.min(wait * (1 + waiting), MAX_WAIT);
		const retry = Math.round(shortest * (1 + Math.random() / 2));
		if (counts && key !== undefined) this.#waits.up(key, now + shortest, now);
		return { retry };
	}

	#log(limit: LimitName, now: number): void {
		this.#sentAway++;
		if (now - this.#loggedAt < LOG_EVERY) return;
		this.#loggedAt = now;
		const { logger } = this.#service;
		logger.warn(`SSE: limits.${limit} is reached: clients are told to come back later.`, {
			limit,
			sentAway: this.#sentAway
		});
		this.#sentAway = 0;
	}
}

function isReached(limit: number, count: number): boolean {
	return limit > 0 && count >= limit;
}
