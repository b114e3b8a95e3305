import type { Subscription } from "../addressing/registry.ts";
import type { SseEvent } from "../event/event.ts";
import type { Frame } from "../event/frame.ts";
import type { Slab, Span } from "../event/slab.ts";
import type { Revocation } from "../revocation/revocation.ts";
import { WithheldEvents } from "../revocation/withheld-events.ts";
import type { Known } from "./event-store.ts";
import type { IdOrder } from "./id-order.ts";
import { RetainedEvents, type Retention } from "./retained-events.ts";

const NOBODY = { eventName: "", sessionId: [], payload: null };
const NOTHING: Frame = new Uint8Array(0);

/** Where, and when, the bus last lost events. */
export interface Gap {
	readonly position: number;
	readonly at: number;
}

/**
 * What has happened on this gateway, in its order: events that have arrived, gaps and revocations. Each has a position of its
 * own.
 */
export class Timeline extends RetainedEvents {
	protected readonly withheld: WithheldEvents;
	readonly #slab: Slab;
	/** Position of the next event; positions count from 1. */
	#head = 1;
	/** Position of the newest event that was sent before others that had already arrived. */
	#lastPast = 0;
	/** Of the losses of which it is known when the events were sent, it has only that time. */
	#lastGap: Gap = { position: 0, at: Number.NEGATIVE_INFINITY };
	/** Position of the last of those losses. */
	#lastDatedGap = 0;

	/** @param slab Memory of the frames that it is given to keep. */
	protected constructor(retention: Retention, order: IdOrder, slab: Slab) {
		super(retention, order);
		this.#slab = slab;
		this.withheld = new WithheldEvents(retention.maxAge);
	}

	/** Position of the next event. */
	get head(): number {
		return this.#head;
	}

	/** Position of the newest event that was sent before events that had already arrived. */
	get lastPast(): number {
		return this.#lastPast;
	}

	/** Whether an event was read from the past, so that the streams that were open then did not get it. */
	isOfPast({ position, sortKey }: Known): boolean {
		return sortKey !== undefined && position <= this.#lastPast;
	}

	protected get lastGap(): Gap {
		return this.#lastGap;
	}

	protected get lastGapPosition(): number {
		return Math.max(this.#lastGap.position, this.#lastDatedGap);
	}

	/** Begins again, empty. Positions go on. */
	protected clear(): void {
		this.forget(this.#head);
		this.withheld.forgetLetIns();
	}

	/**
	 * Keeps an event that has arrived at `now`, in milliseconds on a clock that never goes back, and that has a frame already.
	 *
	 * @param isPast It was sent before events that have already arrived; its position is after the streams that were let in
	 * since.
	 */
	append(event: SseEvent, frame: Frame, now: number, isPast = false): void {
		this.#append(event, frame, false, now, isPast);
	}

	/**
	 * The same for an event that no stream gets now: its frame is made when a returning stream needs it.
	 *
	 * @param data The frame's `data`, as text or in UTF-8.
	 */
	appendBare(event: SseEvent, data: string | Uint8Array, now: number, isPast = false): void {
		this.#append(event, this.#slab.keep(data), true, now, isPast);
	}

	#append(event: SseEvent, kept: Span, isBare: boolean, now: number, isPast: boolean): void {
		const { id } = event;
		if (isPast) {
			this.withheld.forgetLetIns();
			this.#lastPast = this.#head;
		}
		const sortKey = event.sortKey ?? (id === undefined ? undefined : this.order.sortKeyOf(id));
		this.keep(event, kept, isBare, { position: this.#head++, at: now, sortKey });
	}

	/** A position in the order of the bus without an event; a client may have seen everything up to it. */
	note(id: string, now: number): void {
		this.append({ id, ...NOBODY }, NOTHING, now);
	}

	/** Without a gap, what is missing was not lost: it was sent before this gateway was there, or was refused. */
	override whyNotKept(id: string): "gone" | "gap" | "unknown" {
		const why = super.whyNotKept(id);
		return why === "gap" && this.lastGapPosition === 0 ? "gone" : why;
	}

	/**
	 * The bus has lost, or may have lost, events that would have arrived before the next one.
	 *
	 * @param sentBy If any other gateway that has missed them gives no ids by the lookback after they were sent: when all of them had
	 * been. Clients that come from there with younger ids have missed nothing. Default: not known.
	 */
	markGap(now: number, sentBy?: number): void {
		// It has a position of its own, so that resume tokens from before and after it differ.
		const position = this.#head++;
		if (sentBy === undefined) {
			this.#lastGap = { position, at: now };
			return;
		}
		this.#lastDatedGap = position;
		this.dateGap(sentBy);
	}

	/** Up to `at`, the bus had events that never arrive here. */
	protected dateGap(at: number): void {
		if (at > this.#lastGap.at) this.#lastGap = { ...this.#lastGap, at };
	}

	/** A position without an event, for something that was learnt: it is between what arrived before and after that. */
	protected takePosition(): number {
		return this.#head++;
	}

	/** What was sent to these streams so far, and what is sent until they are let in again, is not replayed to them. */
	revoke(revocation: Revocation, now: number): void {
		// It has a position of its own, like a gap.
		this.withheld.add(revocation, this.#head++, now);
	}

	/**
	 * A stream is open. If such streams had been revoked, what arrives from now on may be replayed to them. Call this only
	 * after it is decided where this stream continues.
	 */
	letIn(stream: Subscription, now: number): void {
		this.withheld.letIn(stream, this.#head, now);
	}

	/** The same for many streams. */
	letInAll(streams: Iterable<Subscription>, now: number): void {
		this.withheld.letInAll(streams, this.#head, now);
	}
}
