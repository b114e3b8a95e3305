import { type EventId, lifeOf, type Position } from "../../../core/event/event-id.ts";
import type { PositionReport } from "../position-report.ts";
import type { Consequences } from "./consequences.ts";
import { CurrentLives } from "./current-lives.ts";
import { InOrderDelivery } from "./in-order-delivery.ts";
import { PATIENCE } from "./missing-events.ts";
import type { ReportContext } from "./report-context.ts";
import { SenderLife } from "./sender-life.ts";
import type { SequenceState } from "./sequence-state.ts";

/**
 * Puts each origin's events into the order in which they were sent, and notices what the bus has lost: in each sequence of an
 * origin's present life, by {@link InOrderDelivery}, and when one life of it follows another.
 */
export class SequenceTracker<T> {
	readonly lives: CurrentLives<T> = new CurrentLives();
	readonly #then: Consequences<T>;
	readonly #inOrder: InOrderDelivery<T>;

	constructor(then: Consequences<T>) {
		this.#then = then;
		this.#inOrder = new InOrderDelivery(then);
	}

	/** See {@link InOrderDelivery.isWhole}. */
	get isWhole(): boolean {
		return this.#inOrder.isWhole;
	}

	/** See {@link InOrderDelivery.isMeeting}. */
	get isMeeting(): boolean {
		return this.#inOrder.isMeeting;
	}

	/** See {@link InOrderDelivery.nextDecision}. */
	get nextDecision(): number {
		return this.#inOrder.nextDecision;
	}

	/**
	 * Takes an event that arrived at `now`, in milliseconds on a clock that never goes back. It is passed on at once, or after
	 * the missing ones before it, or never: it was here before, or was given up.
	 *
	 * @param bytes Its size while it waits.
	 */
	observe({ origin, epoch, seq }: EventId, item: T, now: number, bytes: number): void {
		const life = this.#lifeOf(origin, epoch, now);
		if (life !== this.lives.get(origin)) {
			const next = (life.find(epoch)?.last ?? 0) + 1;
			if (this.#then.isUnordered && seq === next) life.sequence(origin, epoch).last = seq;
			else this.#comesLate(origin, life, { epoch, seq }, now);
			return;
		}
		const sequence = life.sequence(origin, epoch);
		if (seq <= sequence.last) return;
		if (sequence.givenUpAt !== undefined) this.#livesOn(life, sequence);
		// A node that was stopped may be started again in the same life.
		if (sequence.end !== undefined && seq > sequence.end.seq) sequence.end = undefined;
		this.#inOrder.take(sequence, seq, item, now, bytes);
	}

	/**
	 * Takes an origin's report.
	 *
	 * @returns Whether it is about the origin's present life.
	 */
	hear(origin: string, report: PositionReport, now: number, how: ReportContext = {}): boolean {
		const { epoch, seq, age, up, isEnd } = report;
		const { patience = PATIENCE, isCurrent = true } = how;
		const life = this.#lifeOf(origin, epoch, now, { up, which: how.life });
		if (life !== this.lives.get(origin)) {
			this.#comesLate(origin, life, report, now - age);
			return false;
		}
		const sequence = life.sequence(origin, epoch);
		const isMet = !sequence.isHeard && sequence.last === 0;
		sequence.isHeard = true;
		this.#livesOn(life, sequence);
		// A node may be started again in the same life, and an earlier report may arrive late.
		if (isEnd && (up === 0 || up >= life.up)) sequence.end = { seq, up };
		else if (sequence.end && (seq > sequence.end.seq || up > sequence.end.up))
			sequence.end = undefined;
		life.up = Math.max(life.up, up);
		if (isCurrent || isEnd) sequence.isStale = false;
		if (isMet && sequence.waiting === 0 && (seq === 0 || age >= patience)) {
			// What it sent before it knew of this gateway never arrives.
			sequence.last = seq;
			if (seq > 0) this.#then.lost({ origin, upTo: seq, before: now - age, isEarlier: true });
			return how.life !== "former";
		}
		// Its last events may be on their way, overtaken by this report.
		if (isMet) sequence.isNew = true;
		if (sequence.claim(seq, now, now - age)) this.#inOrder.await(sequence);
		return how.life !== "former";
	}

	/**
	 * An origin has left without reporting its end.
	 *
	 * @param wasAsked It was asked for its position, and has not answered: it may have sent something even if it is unknown
	 * here.
	 */
	leave(origin: string, now: number, wasAsked = false): void {
		const known = this.lives.get(origin);
		if (known !== undefined) this.#end(origin, known, now, wasAsked);
		else if (wasAsked) this.#then.lost({ origin, before: now, isEarlier: false });
	}

	/** Gives up what has been missing for too long. */
	decide(now: number): void {
		this.#inOrder.decide(now);
	}

	/** The life of an epoch; it becomes the present one, unless it is a former one. */
	#lifeOf(
		name: string,
		epoch: string,
		now: number,
		{ up = 0, which }: { up?: number; which?: ReportContext["life"] } = {}
	): SenderLife<T> {
		const key = lifeOf(epoch);
		const present = this.lives.hear(name, key);
		if (present.name === key) return present;
		const former = present.former(key);
		if (former !== undefined && which !== "present") return former;
		const life = former ?? new SenderLife<T>(key);
		if (which === "former") {
			present.remember(life);
			return life;
		}
		const before = former === undefined ? now - up : now;
		// A life that was given up may have gone on, cut off from this gateway alone.
		this.#end(name, present, before, present.wasGivenUpBefore(before));
		life.follow(present);
		life.isTold = false;
		this.lives.begin(name, life);
		if (which !== "present") this.#then.replaced?.(name);
		return life;
	}

	/** The life goes on, though it may have been reported as over. */
	#livesOn(life: SenderLife<T>, sequence: SequenceState<T>): void {
		sequence.givenUpAt = undefined;
		life.isTold = false;
	}

	/** Something of a life that is over has arrived. If that life counted as complete, it was not. */
	#comesLate(origin: string, life: SenderLife<T>, { epoch, seq }: Position, before: number): void {
		if (life.isTold || seq <= (life.find(epoch)?.last ?? 0)) return;
		life.isTold = true;
		this.#then.lost({ origin, before, isEarlier: false, isKnown: true });
	}

	/** A life is over. Unless its end was heard, it may have sent more than has arrived. */
	#end(origin: string, life: SenderLife<T>, before: number, isDoubted = false): void {
		const { sequences } = life;
		const isKnown = sequences.some(sequence => sequence.isOpen);
		if (isDoubted || !life.isComplete) {
			life.isTold = this.#then.lost({ origin, before, isEarlier: false, isKnown }) !== false;
		}
		for (const sequence of sequences) {
			this.#inOrder.giveUp(sequence, Number.POSITIVE_INFINITY, true);
			sequence.givenUpAt = before;
		}
	}
}
