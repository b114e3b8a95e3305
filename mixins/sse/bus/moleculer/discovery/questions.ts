import type { ServiceBroker } from "moleculer";
import { encodeOrigin, newEpoch, parseId } from "../../../core/event/event-id.ts";
import { HELLO, type SseHello } from "../position-report.ts";

/**
 * Milliseconds added to an absence: a sender may have come and left just before, and its departure be noticed only after a
 * while.
 */
const UNNOTICED = 60_000;
/** Milliseconds after all have answered for which newly met nodes are still asked about the absence: they may know more. */
const STILL = 60_000;

/** A gateway's questions to senders, and which answers count. */
export class Questions {
	readonly #broker: ServiceBroker;
	readonly #stoodStill: () => number;
	readonly #origin: string;
	readonly #life = newEpoch();
	#asked = 0;
	/** The first question that counts: a node that answered it, or a later one, knows of this gateway. */
	#first = 1;
	/**
	 * When another node was last heard, on a clock that does not stand still; undefined if none ever was: then nothing was
	 * missed.
	 */
	#heardAt: number | undefined;
	/** Since when this gateway may not have heard who came and left, on that clock; undefined if it has heard all. */
	#awaySince: number | undefined;
	/** When the absence is over, because all have answered. */
	#overAt = Number.POSITIVE_INFINITY;

	/** @param stoodStill Returns the milliseconds for which the steady clock has stood still in all. */
	constructor(broker: ServiceBroker, stoodStill: () => number = () => 0) {
		this.#broker = broker;
		this.#stoodStill = stoodStill;
		this.#origin = encodeOrigin(broker.nodeID);
	}

	get #now(): number {
		return performance.now() + this.#stoodStill();
	}

	/** Another node was heard. */
	hears(): void {
		this.#heardAt = this.#now;
	}

	/** This gateway may be away from now on. It knows of others up to the moment at which it last heard one. */
	leave(): void {
		this.#look();
		this.#awaySince ??= this.#heardAt;
		this.#overAt = Number.POSITIVE_INFINITY;
	}

	/** This gateway may have been away until now: answers to earlier questions no longer count. */
	begin(): void {
		this.leave();
		this.#first = this.#asked + 1;
	}

	/** All have answered. This node alone cannot tell what others have seen. @param isAlone No other node is present. */
	finish(isAlone: boolean): void {
		// Nodes that keep appearing do not put it off.
		if (!isAlone) this.#overAt = Math.min(this.#overAt, this.#now + STILL);
	}

	#look(): void {
		if (this.#now < this.#overAt) return;
		this.#awaySince = undefined;
		this.#overAt = Number.POSITIVE_INFINITY;
	}

	/** Whether one of these ids is a question of this gateway that counts. */
	includes(ids: readonly string[]): boolean {
		return ids.some(text => {
			const id = parseId(text);
			return id?.origin === this.#origin && id.epoch === this.#life && id.seq >= this.#first;
		});
	}

	/** @param to Nodes that must answer; none: the question only gives all gateways a position in common. */
	ask(to: readonly string[]): void {
		const hello: SseHello = { id: `${this.#origin}.${this.#life}.${++this.#asked}`, to };
		const complain = (error: unknown): void =>
			this.#broker.logger.debug("SSE: the senders were not asked where they are.", error);
		const ask = async (): Promise<unknown> =>
			this.#broker.broadcast(HELLO, { ...hello, ...this.#absence });
		ask().catch(complain);
	}

	get #absence(): Pick<SseHello, "away"> {
		this.#look();
		if (this.#awaySince === undefined) return {};
		return { away: Math.ceil(this.#now - this.#awaySince) + UNNOTICED };
	}
}
