import type { BusReceiver } from "../../bus/bus.ts";
import { describeLoss, type Loss, UNKNOWN_SENDER } from "../../bus/loss.ts";
import type { Registry } from "../../core/addressing/registry.ts";
import type { History } from "../../core/history/history.ts";
import type { GatewayCounters } from "../../core/metrics/counters.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import { Meeting } from "../../streams/meeting.ts";
import type { Beginning } from "../../streams/resume.ts";
import { ResumeTokens } from "../../streams/resume-tokens.ts";
import type { GatewayService } from "../types.ts";

export interface LossReportsParts {
	readonly history: History | undefined;
	readonly streams: Registry<EventStream>;
	readonly receiver: BusReceiver;
	readonly counters: GatewayCounters;
}

/**
 * Reports to streams what the bus has lost, and marks it in the history. Streams that begin are told from here what they may
 * have missed.
 */
export class LossReports implements Beginning {
	readonly history: History | undefined;
	readonly counters: GatewayCounters;
	readonly #receiver: BusReceiver;
	readonly #service: GatewayService;
	readonly #begunAt = performance.now();
	readonly #resumeTokens: ResumeTokens;
	readonly #meeting: Meeting;
	/** Whether open streams have missed events of the past, and have not been told yet. */
	#hasPassed = false;

	constructor({ history, streams, receiver, counters }: LossReportsParts, service: GatewayService) {
		this.history = history;
		this.counters = counters;
		this.#receiver = receiver;
		this.#service = service;
		this.#resumeTokens = new ResumeTokens(history, streams, () => receiver.isWhole);
		this.#meeting = new Meeting(this, streams);
	}

	/** See {@link ResumeTokens.isWhole}. */
	get isWhole(): boolean {
		return this.#resumeTokens.isWhole;
	}

	/** See {@link BusReceiver.isMeeting}. */
	get isMeeting(): boolean {
		return this.#receiver.isMeeting;
	}

	/** The resume token for streams to which everything was written; undefined while there is none. */
	get liveResumeToken(): string | undefined {
		return this.#hasPassed ? undefined : this.#resumeTokens.live;
	}

	/** See {@link ResumeTokens.resumeTokenFor}. */
	resumeTokenFor(stream: EventStream): string | undefined {
		return this.#resumeTokens.resumeTokenFor(stream);
	}

	/** See {@link ResumeTokens.released}. */
	released(stream: EventStream): void {
		this.#resumeTokens.released(stream);
	}

	/** What the receiver says of itself may have changed. */
	changed(): void {
		this.#meeting.look();
		this.#resumeTokens.renew();
	}

	/** An event of the past was kept, which open streams do not get. */
	passed(): void {
		this.#hasPassed = true;
	}

	/** Open streams have not got all events of the past. */
	missed(): void {
		this.#hasPassed = false;
		this.#resumeTokens.tell(Number.POSITIVE_INFINITY);
	}

	/** Events were lost. @param loss Which ones; default: any that were sent before the next one. */
	lost(loss?: Loss): void {
		if (loss !== undefined) {
			this.#report(loss);
			return;
		}
		this.counters.gapsFound.add(UNKNOWN_SENDER);
		this.history?.markGap(performance.now());
		this.missed();
	}

	#report(loss: Loss): void {
		// Across a time in which this machine's clock stood still, it cannot be computed how long ago something was sent.
		const before = Math.max(loss.before, this.#receiver.awakeSince);
		if (loss.isEarlier && before <= this.#begunAt) {
			if (this.history?.passOver(before, performance.now()) !== true) return;
			const told = this.#resumeTokens.tellLeftBehind(before);
			if (told > 0) {
				this.counters.gapsFound.add(loss.origin);
				this.#service.logger.warn(describeLoss(loss));
			}
			return;
		}
		this.counters.gapsFound.add(loss.origin);
		const sentBy = loss.isSoonSuspected === true ? before : undefined;
		this.history?.markGap(performance.now(), sentBy);
		const isMet = loss.isEarlier && this.isMeeting && this.history !== undefined;
		const told = (isMet ? this.#meeting : this.#resumeTokens).tell(before);
		// Nobody can have missed what was sent before any client came.
		this.#service.logger[loss.isEarlier && told === 0 ? "debug" : "warn"](describeLoss(loss));
	}
}
