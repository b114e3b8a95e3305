import type { ServiceBroker } from "moleculer";
import { encodeOrigin, newEpoch, parseId } from "../core/id.ts";
import { HELLO, type SseHello } from "../core/report.ts";

/** Milliseconds by which a loss of the connection may be older than its being noticed. */
const UNNOTICED = 60_000;

/** What a gateway asks the senders, and which answers count. */
export class Questions {
	readonly #broker: ServiceBroker;
	readonly #origin: string;
	readonly #life = newEpoch();
	#asked = 0;
	/** The first that counts: who has answered that, or a later one, knows of this gateway. */
	#first = 1;
	/** `performance.now()` since when this gateway may not have heard who came and went; undefined if it has. */
	#awaySince: number | undefined;

	constructor(broker: ServiceBroker) {
		this.#broker = broker;
		this.#origin = encodeOrigin(broker.nodeID);
	}

	/** This gateway may be away from now on. */
	leave(): void {
		this.#awaySince ??= performance.now();
	}

	/** It may have been away until now: answers to earlier questions do not count any more. */
	begin(): void {
		this.leave();
		this.#first = this.#asked + 1;
	}

	/** All have answered. */
	finish(): void {
		this.#awaySince = undefined;
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
		if (this.#awaySince === undefined) return {};
		return { away: Math.ceil(performance.now() - this.#awaySince) + UNNOTICED };
	}
}
