import type { Listener } from "../../bus/bus.ts";
import type { Loss } from "../../bus/loss.ts";
import type { Registry } from "../../core/addressing/registry.ts";
import { EVERYONE, isNobody } from "../../core/addressing/session-id.ts";
import { isRefusal } from "../../core/errors/refusal.ts";
import type { History } from "../../core/history/history.ts";
import type { GatewayCounters } from "../../core/metrics/counters.ts";
import { HeardRevocations } from "../../core/revocation/heard-revocations.ts";
import { type PendingOpen, PendingOpens } from "../../core/revocation/pending-opens.ts";
import { CLOSE, covers, type Revocation, readClose } from "../../core/revocation/revocation.ts";
import { arrivalOf, TOLERANCE } from "../../core/util/clock.ts";
import { closeOver } from "../../streams/drain.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import type { Tickets } from "../tickets/ticket.ts";
import type { GatewayService } from "../types.ts";
import { DroppedEventsLog } from "./dropped-events-log.ts";

/** Most milliseconds over which streams end that a missed revocation may have been about. */
const LONGEST = 5000;

/** Of a missed revocation nobody knows whom it was about. Whoever is still allowed to comes back, as after a stream's life. */
const ANYBODY: Revocation = { sessionId: EVERYONE, eventName: undefined, reason: "timeout" };

export interface RevocationsOptions {
	/** What streams that come back are replayed from, if it is kept. */
	readonly history?: History | undefined;
	/** Those that are given here, if any are. */
	readonly tickets?: Pick<Tickets, "revoke"> | undefined;
	readonly counters: GatewayCounters;
	/** See `BusReceiver.awakeSince`. */
	awakeSince(): number;
}

/** Closes the streams that a service has revoked, wherever in their life they are. */
export class Revocations {
	readonly #streams: Registry<EventStream>;
	readonly #service: GatewayService;
	readonly #options: RevocationsOptions;
	readonly #droppedEventsLog: DroppedEventsLog;
	readonly #begunAt = performance.now();
	readonly #pendingOpens = new PendingOpens();
	readonly #heard = new HeardRevocations();
	readonly #heardLate = new HeardRevocations();
	/** Ended, and their last bytes not taken yet. */
	readonly #ending = new Set<EventStream>();
	/** Open, and to end soon: a missed revocation may have been about them. */
	readonly #suspects = new Set<EventStream>();
	/** Each stops what ends some of them. */
	readonly #closings = new Set<() => void>();

	constructor(
		streams: Registry<EventStream>,
		service: GatewayService,
		options: RevocationsOptions
	) {
		this.#streams = streams;
		this.#service = service;
		this.#options = options;
		this.#droppedEventsLog = new DroppedEventsLog(service.logger);
	}

	/** To be called before a request is judged by anyone. */
	begin(): PendingOpen {
		return this.#pendingOpens.begin(performance.now());
	}

	/** A stream takes no more events. */
	ended(stream: EventStream): void {
		this.#suspects.delete(stream);
		this.#ending.add(stream);
	}

	/** Nothing of a stream is left. */
	closed(stream: EventStream): void {
		this.#ending.delete(stream);
	}

	/** The gateway stops, and all its streams have ended. */
	stop(): void {
		for (const stop of this.#closings) stop();
		this.#closings.clear();
	}

	/**
	 * Takes `sse.close`, whichever way it comes, and in whichever first. Whether streams may come back is judged when they
	 * do.
	 */
	readonly receive: Listener = (input, from) => {
		const { nodeID, fromRepl, revocation: key, past, sentAt = past } = from;
		const revocation = readClose(input, { fromRepl: fromRepl === true });
		if (isRefusal(revocation)) {
			this.#options.counters.revocationsDropped++;
			this.#droppedEventsLog.tell(CLOSE, nodeID, revocation);
			return;
		}
		if (isNobody(revocation.sessionId)) return;
		// One that comes late is not as good as one that comes now: that may still follow, by the other way.
		const isNew =
			sentAt === undefined
				? this.#heard.hear(key)
				: !this.#heard.has(key) && this.#heardLate.hear(key);
		// In a history that begins anew, what was heard before has its place among the events that are read again.
		const at = Math.max(arrivalOf(sentAt), from.notBefore ?? Number.NEGATIVE_INFINITY);
		if (isNew || past !== undefined) {
			this.#options.history?.revoke(revocation, past === undefined ? performance.now() : at);
		}
		if (!isNew) return;
		this.#options.counters.revocationsReceived++;
		// What was proven since is proven by answers from after it. That the clocks differ costs a stream to be judged again.
		const until = sentAt === undefined ? Number.POSITIVE_INFINITY : at + TOLERANCE;
		this.#pendingOpens.revoke(revocation, until);
		this.#options.tickets?.revoke(revocation, key?.id, at);
		for (const streams of [this.#ending, this.#streams.selectAll(revocation.sessionId)]) {
			for (const stream of streams) {
				if (stream.provenAt >= until || !covers(revocation, stream)) continue;
				stream.revoke(revocation.reason);
			}
		}
	};

	/** Revocations were sent that have not come: whoever was let in before they were sent is judged anew. */
	miss({ origin, before: sent, isEarlier }: Loss): void {
		const { awakeSince, tickets } = this.#options;
		const before = Math.max(sent, awakeSince());
		// Before anybody was let in here.
		if (before <= this.#begunAt) return;
		this.#options.counters.revocationsMissed++;
		this.#pendingOpens.revoke(ANYBODY, before);
		tickets?.revoke(ANYBODY, undefined, before);
		const streams = [...this.#streams].filter(
			stream => stream.provenAt < before && !this.#suspects.has(stream)
		);
		const level = isEarlier && streams.length === 0 ? "debug" : "warn";
		this.#service.logger[level](
			`SSE: revocations from '${origin}' did not arrive. Since it is unknown whom they were about, ` +
				`the ${streams.length} streams that were open before are closed, and admitted again if they may be.`
		);
		for (const stream of streams) this.#suspects.add(stream);
		const end = (stream: EventStream): void => stream.end("timeout");
		const over = (): void => {
			if (stop !== undefined) this.#closings.delete(stop);
		};
		const stop = closeOver(LONGEST, streams, end, over);
		if (stop !== undefined) this.#closings.add(stop);
	}
}
