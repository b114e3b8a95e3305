import type { Listener } from "../../bus/bus.ts";
import type { Loss } from "../../bus/loss.ts";
import type { Registry } from "../../core/addressing/registry.ts";
import { EVERYONE, isNobody } from "../../core/addressing/session-id.ts";
import { isRefusal } from "../../core/errors/refusal.ts";
import type { History } from "../../core/history/history.ts";
import type { GatewayCounters } from "../../core/metrics/counters.ts";
import { DuplicateRevocations } from "../../core/revocation/duplicate-revocations.ts";
import { type PendingOpen, PendingOpens } from "../../core/revocation/pending-opens.ts";
import { CLOSE, coverageOf, type Revocation, readClose } from "../../core/revocation/revocation.ts";
import { arrivalOf, TOLERANCE } from "../../core/util/clock.ts";
import { closeOver } from "../../streams/drain.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import type { Tickets } from "../tickets/ticket.ts";
import type { GatewayService } from "../types.ts";
import { DroppedEventsLog } from "./dropped-events-log.ts";

/** Most milliseconds over which streams are ended that a missed revocation may have covered. */
const LONGEST = 5000;

/** It is unknown whom a missed revocation covered. Clients that are still allowed come back, as after a stream's timeout. */
const ANYBODY: Revocation = { sessionId: EVERYONE, eventName: undefined, reason: "timeout" };

export interface RevocationsOptions {
	/** The history from which returning streams get a replay, if it is kept. */
	readonly history?: History | undefined;
	/** The tickets that are issued here, if any are. */
	readonly tickets?: Pick<Tickets, "revoke"> | undefined;
	readonly counters: GatewayCounters;
	/** See `BusReceiver.awakeSince`. */
	awakeSince(): number;
}

/** Closes the streams that a service has revoked, whatever their phase. */
export class Revocations {
	readonly #streams: Registry<EventStream>;
	readonly #service: GatewayService;
	readonly #options: RevocationsOptions;
	readonly #droppedEventsLog: DroppedEventsLog;
	readonly #begunAt = performance.now();
	readonly #pendingOpens = new PendingOpens();
	readonly #heard = new DuplicateRevocations();
	readonly #heardLate = new DuplicateRevocations();
	/** Streams that have ended, and whose last bytes are not taken yet. */
	readonly #ending = new Set<EventStream>();
	/** Open streams that end soon, because a missed revocation may have covered them. */
	readonly #suspects = new Set<EventStream>();
	/** Each stops the ending of some of them. */
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

	/** Call this before a request is judged. */
	begin(): PendingOpen {
		return this.#pendingOpens.begin(performance.now());
	}

	/** A stream takes no more events. */
	ended(stream: EventStream): void {
		this.#suspects.delete(stream);
		this.#ending.add(stream);
	}

	/** Nothing is left of a stream. */
	closed(stream: EventStream): void {
		this.#ending.delete(stream);
	}

	/** The gateway stops, and all its streams have ended. */
	stop(): void {
		for (const stop of this.#closings) stop();
		this.#closings.clear();
	}

	/** Takes `sse.close`, whichever way it arrives first. Whether streams may come back is judged when they do. */
	readonly receive: Listener = (input, from) => {
		const { nodeID, fromRepl, revocation: key, past, sentAt = past } = from;
		const revocation = readClose(input, { fromRepl: fromRepl === true });
		if (isRefusal(revocation)) {
			this.#options.counters.revocationsDropped++;
			this.#droppedEventsLog.tell(CLOSE, nodeID, revocation);
			return;
		}
		if (isNobody(revocation.sessionId)) return;
		// A late revocation does not replace a timely one, which may still arrive the other way.
		const isNew =
			sentAt === undefined
				? this.#heard.hear(key)
				: !this.#heard.has(key) && this.#heardLate.hear(key);
		// In a history that starts again, an earlier revocation has its place among the events that are read again.
		const at = Math.max(arrivalOf(sentAt), from.notBefore ?? Number.NEGATIVE_INFINITY);
		if (isNew || past !== undefined) {
			this.#options.history?.revoke(revocation, past === undefined ? performance.now() : at);
		}
		if (!isNew) return;
		this.#options.counters.revocationsReceived++;
		// What was proven since then rests on answers from after it. The tolerance for clocks makes some streams be judged
		// again.
		const until = sentAt === undefined ? Number.POSITIVE_INFINITY : at + TOLERANCE;
		this.#pendingOpens.revoke(revocation, until);
		this.#options.tickets?.revoke(revocation, key?.id, at);
		this.#revoke(revocation, until);
	};

	/** @param until Streams whose sessions were proven then or later stay. */
	#revoke({ sessionId, eventName, reason }: Revocation, until: number): void {
		const covers = coverageOf({ sessionId, eventName, reason });
		const ending = [...this.#ending].filter(covers);
		const open =
			eventName === undefined
				? this.#streams.selectAll(sessionId)
				: this.#streams.select(sessionId, eventName);
		for (const streams of [ending, open]) {
			for (const stream of streams) if (stream.provenAt < until) stream.revoke(reason);
		}
	}

	/** Revocations were sent that have not arrived: whoever was admitted before they were sent is judged again. */
	miss({ origin, before: sent, isEarlier }: Loss): void {
		const { awakeSince, tickets } = this.#options;
		const before = Math.max(sent, awakeSince());
		// That was before anybody was admitted here.
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
