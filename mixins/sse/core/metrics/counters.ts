import type { EventsContract } from "../event/contract.ts";
import type { ResetReason } from "../history/id-order.ts";
import { Histogram } from "./histogram.ts";
import { EventCounts, LabelCounts } from "./label-counts.ts";
import {
	BAD_EVENT_REASONS,
	BAD_REVOCATION_REASONS,
	type BadEventReason,
	type BadRevocationReason,
	DROP_REASONS,
	type DropReason,
	END_REASONS,
	type EndReason,
	FAILURE_REASONS,
	type FailureReason,
	LIMITS,
	type LimitName,
	REFUSAL_REASONS,
	RESET_REASONS,
	RESUME_OUTCOMES,
	type RefusalReason,
	type ResumeOutcome
} from "./label-values.ts";
import { NodeCounts } from "./node-counts.ts";

/** The type of a metric's count. */
export type Counted = number | LabelCounts | Histogram;

/**
 * What a node with `SseMiddleware` counts, whether or not metrics are read: plain numbers. The definition of each name
 * (`metric-definitions.ts`) says what it means.
 */
export class SenderCounters {
	readonly eventsSent: EventCounts;
	readonly eventsRefused: LabelCounts<BadEventReason> = new LabelCounts(BAD_EVENT_REASONS);
	readonly eventsFailed: LabelCounts<FailureReason> = new LabelCounts(FAILURE_REASONS);
	revocationsSent = 0;
	readonly revocationsRefused: LabelCounts<BadRevocationReason> = new LabelCounts(
		BAD_REVOCATION_REASONS
	);

	constructor(events?: EventsContract) {
		this.eventsSent = new EventCounts(events);
	}
}

/** What such a node measures on demand; null for what is not known. */
export interface SenderGauges {
	readonly busConnected: number;
	readonly busWorking: number;
	readonly busLag: number | null;
	readonly outboxEvents: number;
	readonly outboxBytes: number;
}

/** What a gateway counts; see {@link SenderCounters}. */
export class GatewayCounters {
	streamsOpened = 0;
	readonly streamsRefused: LabelCounts<RefusalReason> = new LabelCounts(REFUSAL_REASONS);
	readonly streamsClosed: LabelCounts<EndReason> = new LabelCounts(END_REASONS);
	readonly streamsResumed: LabelCounts<ResumeOutcome> = new LabelCounts(RESUME_OUTCOMES);
	readonly resetsSent: LabelCounts<ResetReason> = new LabelCounts(RESET_REASONS);
	readonly openingTime: Histogram = new Histogram();
	eventsReceived = 0;
	readonly eventsDelivered: EventCounts;
	eventsReplayed = 0;
	readonly eventsDropped: LabelCounts<DropReason> = new LabelCounts(DROP_REASONS);
	readonly deliveryTime: Histogram = new Histogram();
	bytesEncoded = 0;
	readonly gapsFound: NodeCounts = new NodeCounts();
	readonly limitsReached: LabelCounts<LimitName> = new LabelCounts(LIMITS);
	revocationsReceived = 0;
	revocationsDropped = 0;
	revocationsMissed = 0;
	ticketsGiven = 0;
	ticketsUsed = 0;
	ticketsRefused = 0;
	#bytesSaved = 0;

	constructor(events?: EventsContract) {
		this.eventsDelivered = new EventCounts(events);
	}

	get bytesWritten(): number {
		return this.bytesEncoded - this.#bytesSaved;
	}

	/** Compression has saved so many bytes; a negative number for what it cannot compress. */
	saved(bytes: number): void {
		this.#bytesSaved += bytes;
	}
}

/** What a gateway measures on demand. */
export interface GatewayGauges {
	readonly streamsOpen: number;
	readonly streamsBehind: number;
	readonly streamsDraining: number;
	readonly bytesUnsent: number;
	readonly historyEvents: number;
	readonly historyBytes: number;
	readonly historyAge: number;
}
