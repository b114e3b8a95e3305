import type { ServiceBroker } from "moleculer";
import { encodeOrigin, newEpoch, parseId } from "../../../core/event/event-id.ts";
import { HELLO, type SseHello } from "../position-report.ts";

/** Milliseconds that are added: somebody may have come and gone just before, and may be missed only after a while. */
const UNNOTICED = 60_000;
/** Milliseconds for which nodes that are met are still asked for it after all have answered: others may know more. */
const STILL = 60_000;

/** What a gateway asks the senders, and which answers count. */
export class Questions {
	readonly #broker: ServiceBroker;
	readonly #stoodStill: () => number;
	readonly #origin: string;
	readonly #life = newEpoch();
	#asked = 0;
	/** The first that counts: who has answered that, or a later one, knows of this gateway. */
	#first = 1;
	/** When another node was heard last, on a clock that does not stand still; undefined if none ever was: nothing was missed then. */
	#heardAt: number | undefined;
	/** Since when this gateway may not have heard who came and went, on that clock; undefined if it has. */
	#awaySince: number | undefined;
	/** When that is over, because all have answered. */
	#overAt = Number.POSITIVE_INFINITY;

	/** @param stoodStill Milliseconds for which the steady clock has stood still, in all. */
	constructor(broker: ServiceBroker, stoodStill: () => number = () => 0) {
		this.#broker = broker;
		this.#stoodStill = stoodStill;
		this.#origin = encodeOrigin(broker.nodeID);
	}

	get #now(): number {
		return performance.now() + this.#stoodStill();
	}

	/** Another node is heard. */
	hears(): void {
		this.#heardAt = this.#now;
	}

	/** This gateway may be away from now on: it has heard of others as long as it has heard them. */
	leave(): void {
		this.#look();
		this.#awaySince ??= this.#heardAt;
		this.#overAt = Number.POSITIVE_INFINITY;
	}

	/** It may have been away until now: answers to earlier questions do not count any more. */
	begin(): void {
		this.leave();
		this.#first = this.#asked + 1;
	}

	/** All have answered. This node alone cannot tell what others have seen. @param isAlone No other is there. */
	finish(isAlone: boolean): void {
		// Nodes that come all the time do not put it off.
		if (!isAlone) this.#overAt = Math.min(this.#overAt, this.#now + STILL);
	}

	#look(): void {
		if (this.#now < this.#overAt) return;
		this.#awaySince = undefined;
		this.#overAt = Number.POSITIVE_INFINITY;
	}

	/** Whether one of these questions counts, and is this gateway's. */
	includes(ids: readonly string[]): boolean {
		return ids.some(text => {
			const id = parseId(text);
			return id?.origin === this.#origin && id.epoch === this.#life && id.seq >= this.#first;
		});
	}

	/** @param to Nodes; none: nobody has to answer, and all keep the question as a point that they have in common. */
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
