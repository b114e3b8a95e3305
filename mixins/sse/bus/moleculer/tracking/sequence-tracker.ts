import { type EventId, lifeOf, type Position } from "../../../core/event/event-id.ts";
import type { PositionReport } from "../position-report.ts";
import type { Consequences } from "./consequences.ts";
import { CurrentLives } from "./current-lives.ts";
import { PATIENCE } from "./missing-events.ts";
import type { ReportContext } from "./report-context.ts";
import { SenderLife } from "./sender-life.ts";
import type { SequenceState } from "./sequence-state.ts";

/** Most events that wait for earlier ones at a time. */
const MAX_EARLY = 10_000;
/** Most bytes that they may take, as the caller counts them. */
const MAX_EARLY_BYTES = 16_777_216;

/**
 * Puts each origin's events into the order in which they were sent, and notices what the bus has lost. An early event waits a
 * moment for those before it; what has not arrived by then is lost.
 */
export class SequenceTracker<T> {
	readonly lives: CurrentLives<T> = new CurrentLives();
	/** Sequences in which something is missing. */
	readonly #open = new Set<SequenceState<T>>();
	readonly #then: Consequences<T>;
	#early = 0;
	#earlyBytes = 0;

	constructor(then: Consequences<T>) {
		this.#then = then;
	}

	/** Whether nothing may be missing. */
	get isWhole(): boolean {
		return this.#open.size === 0;
	}

	/** Whether events are awaited that an origin may have sent before it knew of this gateway. */
	get isMeeting(): boolean {
		for (const sequence of this.#open) if (sequence.isNew) return true;
		return false;
	}

	/** When missing events are given up next; Infinity if nothing is missing. */
	get nextDecision(): number {
		let next = Number.POSITIVE_INFINITY;
		for (const sequence of this.#open) next = Math.min(next, sequence.dueAt);
		return next;
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
		if (seq === sequence.last + 1) {
			if (this.#open.size > 0) sequence.filled(now);
			this.#next(sequence, item);
			this.#follow(sequence);
			return;
		}
		if (!sequence.keep(seq, { item, at: now, bytes })) return;
		this.#early++;
		this.#earlyBytes += bytes;
		this.#open.add(sequence);
		if (this.#early <= MAX_EARLY && this.#earlyBytes <= MAX_EARLY_BYTES) return;
		this.#skip(this.#fullest(sequence), Number.POSITIVE_INFINITY);
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
		if (sequence.claim(seq, now, now - age)) this.#open.add(sequence);
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
		for (const sequence of this.#open) if (sequence.dueAt <= now) this.#skip(sequence, now);
	}

	/** The sequence in which most events wait; the given one if none has more. */
	#fullest(sequence: SequenceState<T>): SequenceState<T> {
		let fullest = sequence;
		for (const other of this.#open) if (other.waiting > fullest.waiting) fullest = other;
		return fullest;
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
			this.#skip(sequence, Number.POSITIVE_INFINITY, true);
			sequence.givenUpAt = before;
		}
	}

	/** Gives up what is due by `now`, all as one loss, and goes on after it. */
	#skip(sequence: SequenceState<T>, now: number, isTold = false): void {
		const range = sequence.dueRange(now);
		if (range === undefined) return;
		const { origin } = sequence;
		const { upTo, before } = range;
		if (!isTold) {
			const isEarlier = sequence.isNew;
			sequence.isNew = false;
			// Unless more is missing, the resume token that goes out with this loss has nothing missing before it.
			if (!sequence.isOpenBehind(upTo)) this.#open.delete(sequence);
			this.#then.lost({ origin, upTo, before, isEarlier });
		}
		for (const seq of sequence.waitingUpTo(upTo)) {
			sequence.last = Math.max(sequence.last, seq - 1);
			this.#follow(sequence);
		}
		sequence.last = Math.max(sequence.last, upTo);
		this.#follow(sequence);
		this.#look(sequence);
	}

	/** Passes on the events that waited for the one that has arrived. */
	#follow(sequence: SequenceState<T>): void {
		while (sequence.waiting > 0) {
			const early = sequence.takeNext();
			if (early === undefined) return;
			this.#early--;
			this.#earlyBytes -= early.bytes;
			this.#next(sequence, early.item);
		}
	}

	#next(sequence: SequenceState<T>, item: T): void {
		sequence.last++;
		// Comes before the event is passed on: nothing is missing before it any more.
		if (this.#open.size > 0 || sequence.waiting > 0) this.#look(sequence);
		try {
			this.#then.handOn(item);
		} catch (error) {
			this.#then.failed(error);
			const { origin, last } = sequence;
			this.#then.lost({ origin, upTo: last, before: Number.POSITIVE_INFINITY, isEarlier: false });
		}
	}

	#look(sequence: SequenceState<T>): void {
		if (sequence.isOpen) {
			this.#open.add(sequence);
			return;
		}
		this.#open.delete(sequence);
		sequence.isNew = false;
		sequence.close();
	}
}
