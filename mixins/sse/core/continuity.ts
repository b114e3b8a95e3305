import type { Hearing } from "./hearing.ts";
import { PATIENCE } from "./holes.ts";
import { type EventId, lifeOf, type Position } from "./id.ts";
import type { Lane } from "./lane.ts";
import { Life } from "./lives.ts";
import type { Consequences } from "./loss.ts";
import { PresentLives } from "./present-lives.ts";
import type { Report } from "./report.ts";

/** Events that wait for those before them, at a time. */
const MAX_EARLY = 10_000;
/** What they may take, as the caller counts it. */
const MAX_EARLY_BYTES = 16_777_216;

/**
 * Puts every origin's events into the order in which they were sent, and notices what the bus has lost. What comes early
 * waits for what is before it, for a moment; what has not come by then is lost.
 */
export class Continuity<T> {
	readonly lives: PresentLives<T> = new PresentLives();
	/** Those in which something is missing. */
	readonly #open = new Set<Lane<T>>();
	readonly #then: Consequences<T>;
	#early = 0;
	#earlyBytes = 0;

	constructor(then: Consequences<T>) {
		this.#then = then;
	}

	/** Whether nothing is suspected to be missing. */
	get isWhole(): boolean {
		return this.#open.size === 0;
	}

	/** Whether something is waited for that an origin may have sent before it had heard of this gateway. */
	get isMeeting(): boolean {
		for (const lane of this.#open) if (lane.isNew) return true;
		return false;
	}

	/** When something that is missing is given up next; Infinity if nothing is. */
	get nextDecision(): number {
		let next = Number.POSITIVE_INFINITY;
		for (const lane of this.#open) next = Math.min(next, lane.dueAt);
		return next;
	}

	/**
	 * Takes an event that has arrived at `now`, in milliseconds on a clock that never goes back. It is handed on at once, or
	 * behind those that are missing before it, or never: it has been here, or was given up.
	 *
	 * @param bytes What it takes while it waits.
	 */
	observe({ origin, epoch, seq }: EventId, item: T, now: number, bytes: number): void {
		const life = this.#lifeOf(origin, epoch, now);
		if (life !== this.lives.get(origin)) {
			this.#comesLate(origin, life, { epoch, seq }, now);
			return;
		}
		const lane = life.lane(origin, epoch);
		if (seq <= lane.last) return;
		// A node that was stopped may be started again in the same life.
		if (lane.end !== undefined && seq > lane.end.seq) lane.end = undefined;
		lane.givenUpAt = undefined;
		if (seq === lane.last + 1) {
			if (this.#open.size > 0) lane.filled(now);
			this.#next(lane, item);
			this.#follow(lane);
			return;
		}
		if (!lane.keep(seq, { item, at: now, bytes })) return;
		this.#early++;
		this.#earlyBytes += bytes;
		this.#open.add(lane);
		if (this.#early <= MAX_EARLY && this.#earlyBytes <= MAX_EARLY_BYTES) return;
		this.#skip(this.#fullest(lane), Number.POSITIVE_INFINITY);
	}

	/**
	 * Takes what an origin says of itself.
	 *
	 * @returns Whether it is about the origin's present life.
	 */
	hear(origin: string, report: Report, now: number, how: Hearing = {}): boolean {
		const { epoch, seq, age, up, isEnd } = report;
		const { patience = PATIENCE, isCurrent = true } = how;
		const life = this.#lifeOf(origin, epoch, now, { up, which: how.life });
		if (life !== this.lives.get(origin)) {
			this.#comesLate(origin, life, report, now - age);
			return false;
		}
		const lane = life.lane(origin, epoch);
		const isMet = !lane.isHeard && lane.last === 0;
		lane.isHeard = true;
		lane.givenUpAt = undefined;
		// A node may be started again in the same life, and what it said before may come late.
		if (isEnd && (up === 0 || up >= life.up)) lane.end = { seq, up };
		else if (lane.end && (seq > lane.end.seq || up > lane.end.up)) lane.end = undefined;
		life.up = Math.max(life.up, up);
		if (isCurrent || isEnd) lane.isStale = false;
		if (isMet && lane.waiting === 0 && (seq === 0 || age >= patience)) {
			// What it sent before it had heard of this gateway never comes.
			lane.last = seq;
			if (seq > 0) this.#then.lost({ origin, upTo: seq, before: now - age, isEarlier: true });
			return how.life !== "former";
		}
		// Its last events may be on their way, overtaken by this.
		if (isMet) lane.isNew = true;
		if (lane.claim(seq, now, now - age)) this.#open.add(lane);
		return how.life !== "former";
	}

	/**
	 * An origin is gone, and has not said that it ends.
	 *
	 * @param wasAsked It was asked where it is, and has not answered: it may have sent something, though it is not known here.
	 */
	leave(origin: string, now: number, wasAsked = false): void {
		const known = this.lives.get(origin);
		if (known !== undefined) this.#end(origin, known, now, wasAsked);
		else if (wasAsked) this.#then.lost({ origin, before: now, isEarlier: false });
	}

	/** Gives up what is missing for too long. */
	decide(now: number): void {
		for (const lane of this.#open) if (lane.dueAt <= now) this.#skip(lane, now);
	}

	/** That of which most waits, as far as it is not the given one. */
	#fullest(lane: Lane<T>): Lane<T> {
		let fullest = lane;
		for (const other of this.#open) if (other.waiting > fullest.waiting) fullest = other;
		return fullest;
	}

	/** The life of an epoch; it is the present one from now on, unless it is a former one. */
	#lifeOf(
		name: string,
		epoch: string,
		now: number,
		{ up = 0, which }: { up?: number; which?: Hearing["life"] } = {}
	): Life<T> {
		const key = lifeOf(epoch);
		const present = this.lives.hear(name, key);
		if (present.name === key) return present;
		const former = present.former(key);
		if (former !== undefined && which !== "present") return former;
		const life = former ?? new Life<T>(key);
		if (which === "former") {
			present.remember(life);
			return life;
		}
		const before = former === undefined ? now - up : now;
		// One that was given up may have lived on, cut off from this gateway alone.
		this.#end(name, present, before, present.wasGivenUpBefore(before));
		life.follow(present);
		life.isTold = false;
		this.lives.begin(name, life);
		if (which !== "present") this.#then.replaced?.(name);
		return life;
	}

	/** Something has come of a life that is over. If it was taken for complete, it was not. */
	#comesLate(origin: string, life: Life<T>, { epoch, seq }: Position, before: number): void {
		if (life.isTold || seq <= (life.find(epoch)?.last ?? 0)) return;
		life.isTold = true;
		this.#then.lost({ origin, before, isEarlier: false, isKnown: true });
	}

	/** A life is over. Unless its end was heard, it may have sent more than has come. */
	#end(origin: string, life: Life<T>, before: number, isDoubted = false): void {
		const { lanes } = life;
		const isKnown = lanes.some(lane => lane.isOpen);
		if (isDoubted || !life.isComplete) {
			life.isTold = true;
			this.#then.lost({ origin, before, isEarlier: false, isKnown });
		}
		for (const lane of lanes) {
			this.#skip(lane, Number.POSITIVE_INFINITY, true);
			lane.givenUpAt = before;
		}
	}

	/** Gives up what is due by then, all as one loss, and goes on behind it. */
	#skip(lane: Lane<T>, now: number, isTold = false): void {
		const hole = lane.dueHole(now);
		if (hole === undefined) return;
		const { origin } = lane;
		const { upTo, before } = hole;
		if (!isTold) {
			const isEarlier = lane.isNew;
			lane.isNew = false;
			// Unless more is missing, nothing is before the place that is given with that.
			if (!lane.isOpenBehind(upTo)) this.#open.delete(lane);
			this.#then.lost({ origin, upTo, before, isEarlier });
		}
		for (const seq of lane.waitingUpTo(upTo)) {
			lane.last = Math.max(lane.last, seq - 1);
			this.#follow(lane);
		}
		lane.last = Math.max(lane.last, upTo);
		this.#follow(lane);
		this.#look(lane);
	}

	/** Hands on what has waited for what has come now. */
	#follow(lane: Lane<T>): void {
		while (lane.waiting > 0) {
			const early = lane.takeNext();
			if (early === undefined) return;
			this.#early--;
			this.#earlyBytes -= early.bytes;
			this.#next(lane, early.item);
		}
	}

	#next(lane: Lane<T>, item: T): void {
		lane.last++;
		// Before it is handed on: nothing is missing before it any more.
		if (this.#open.size > 0 || lane.waiting > 0) this.#look(lane);
		try {
			this.#then.handOn(item);
		} catch (error) {
			this.#then.failed(error);
			const { origin, last } = lane;
			this.#then.lost({ origin, upTo: last, before: Number.POSITIVE_INFINITY, isEarlier: false });
		}
	}

	#look(lane: Lane<T>): void {
		if (lane.isOpen) {
			this.#open.add(lane);
			return;
		}
		this.#open.delete(lane);
		lane.isNew = false;
		lane.close();
	}
}
