import { evictOldest } from "./evict.ts";
import { type EventId, lifeOf, type Position } from "./id.ts";
import { Lane, PATIENCE } from "./lane.ts";
import type { Report } from "./report.ts";

/** Origins kept; past them those silent longest are forgotten. */
const MAX_ORIGINS = 10_000;
/** Former lives of an origin that are told from new ones. */
const MAX_FORMER = 8;
/** Events that wait for those before them, at a time. */
const MAX_EARLY = 10_000;
/** What they may take, as the caller counts it. */
const MAX_EARLY_BYTES = 16_777_216;

/** Events that did not come, or may not have come. */
export interface Loss {
	readonly origin: string;
	/** The last of them; undefined if that is not known: its origin's life has ended unheard. */
	readonly upTo?: number;
	/** By when all of them had been sent, on the clock of `now`. */
	readonly before: number;
	/** They were sent before this gateway was heard of. */
	readonly isEarlier: boolean;
	/** Of a life that has ended: something of it is known to be missing, and not only possible. Default false. */
	readonly isKnown?: boolean;
}

/** What follows from what arrives. */
export interface Consequences<T> {
	/** An event's turn has come. */
	handOn(item: T): void;
	/** Called before the events behind the loss are handed on. */
	lost(loss: Loss): void;
	/** An event was handed on, and that failed: it is lost. */
	failed(error: unknown): void;
}

/** One node, as a sender. */
interface Origin<T> {
	life: string;
	/** One, or a few: of its groups. */
	lanes: Lane<T>[];
	former?: string[];
}

/**
 * Puts every origin's events into the order in which they were sent, and notices what the bus has lost. What comes early
 * waits for what is before it, for a moment; what has not come by then is lost.
 */
export class Continuity<T> {
	/** In the order in which they were heard last. */
	readonly #origins = new Map<string, Origin<T>>();
	/** Those in which something is missing. */
	readonly #open = new Set<Lane<T>>();
	readonly #then: Consequences<T>;
	#early = 0;
	#earlyBytes = 0;
	#lastHeard = "";

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

	/** How far an epoch's events have come; that of another epoch of the same origin if that one is not known. */
	position(origin: string, epoch: string): Position | undefined {
		const lanes = this.#origins.get(origin)?.lanes ?? [];
		const lane = laneOf(lanes, epoch) ?? lanes[0];
		return lane && { epoch: lane.epoch, seq: lane.last };
	}

	/**
	 * Takes an event that has arrived at `now`, in milliseconds on a clock that never goes back. It is handed on at once, or
	 * behind those that are missing before it, or never: it has been here, or was given up.
	 *
	 * @param bytes What it takes while it waits.
	 */
	observe({ origin, epoch, seq }: EventId, item: T, now: number, bytes: number): void {
		const lane = this.#laneOf(origin, epoch, now);
		if (lane === undefined || seq <= lane.last) return;
		// A node that was stopped may be started again in the same life.
		if (lane.end !== undefined && seq > lane.end) lane.end = undefined;
		lane.isGivenUp = false;
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
	 * @param patience Milliseconds for which events may be overtaken by that.
	 * @param isCurrent It was said since this gateway may have been away last.
	 * @returns Whether it is about the origin's present life.
	 */
	hear(
		origin: string,
		{ epoch, seq, age, up, isEnd }: Report,
		now: number,
		{ patience = PATIENCE, isCurrent = true }: { patience?: number; isCurrent?: boolean } = {}
	): boolean {
		const lane = this.#laneOf(origin, epoch, now - up);
		if (lane === undefined) return false;
		const isMet = !lane.isHeard && lane.last === 0;
		lane.isHeard = true;
		lane.isGivenUp = false;
		if (isEnd) {
			lane.end = seq;
			lane.endUp = up;
		} else if (lane.end !== undefined && (seq > lane.end || up > lane.endUp)) {
			// It was started again. An older report may come behind the last one.
			lane.end = undefined;
		}
		if (isCurrent || isEnd) lane.isStale = false;
		if (isMet && lane.waiting === 0 && (seq === 0 || age >= patience)) {
			// What it sent before it had heard of this gateway never comes.
			lane.last = seq;
			if (seq > 0) this.#then.lost({ origin, upTo: seq, before: now - age, isEarlier: true });
			return true;
		}
		// Its last events may be on their way, overtaken by this.
		if (isMet) lane.isNew = true;
		if (lane.claim(seq, now, now - age)) this.#open.add(lane);
		return true;
	}

	/** This gateway may have been away: what was sent meanwhile did not come. */
	away(): void {
		for (const { lanes } of this.#origins.values()) for (const lane of lanes) lane.isStale = true;
	}

	/** Whether an origin has said where it is, in each sequence that is known of it, since this gateway may have been away. */
	isFresh(origin: string): boolean {
		return this.#origins.get(origin)?.lanes.every(lane => !lane.isStale) ?? true;
	}

	/** Whether an origin, if it is known, has said that it ends. */
	hasEnded(origin: string): boolean {
		return this.#origins.get(origin)?.lanes.every(lane => lane.end !== undefined) ?? true;
	}

	/** Whether an origin, if it is known, has said where it ends, and all of that has come. */
	isComplete(origin: string): boolean {
		return this.#origins.get(origin)?.lanes.every(lane => lane.isComplete) ?? true;
	}

	/**
	 * An origin is gone, and has not said that it ends.
	 *
	 * @param wasAsked It was asked where it is, and has not answered: it may have sent something, though it is not known here.
	 */
	leave(origin: string, now: number, wasAsked = false): void {
		const known = this.#origins.get(origin);
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

	#laneOf(name: string, epoch: string, bornAt: number): Lane<T> | undefined {
		let origin = this.#origins.get(name);
		const life = lifeOf(epoch);
		if (origin === undefined) {
			origin = { life, lanes: [] };
			this.#origins.set(name, origin);
			evictOldest(this.#origins, MAX_ORIGINS);
		} else if (origin.life !== life) {
			if (origin.former?.includes(life)) return undefined;
			this.#end(name, origin, bornAt);
			origin.former = [...(origin.former ?? []), origin.life].slice(-MAX_FORMER);
			origin.lanes = [];
			origin.life = life;
		}
		if (this.#lastHeard !== name) {
			this.#lastHeard = name;
			this.#origins.delete(name);
			this.#origins.set(name, origin);
		}
		let lane = laneOf(origin.lanes, epoch);
		if (lane === undefined) {
			lane = new Lane(name, epoch);
			origin.lanes.push(lane);
		}
		return lane;
	}

	/** A life is over. Unless its end was heard, it may have sent more than has come. */
	#end(origin: string, { lanes }: Origin<T>, before: number, isDoubted = false): void {
		const isComplete = !isDoubted && lanes.every(lane => lane.isComplete);
		const isKnown = lanes.some(lane => lane.isOpen);
		if (!isComplete) this.#then.lost({ origin, before, isEarlier: false, isKnown });
		for (const lane of lanes) {
			this.#skip(lane, Number.POSITIVE_INFINITY, true);
			lane.isGivenUp = true;
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
	}
}

function laneOf<T>(lanes: readonly Lane<T>[], epoch: string): Lane<T> | undefined {
	return lanes.find(lane => lane.epoch === epoch);
}
