import { setNewest } from "../../../core/collections/set-newest.ts";
import type { Position } from "../../../core/event/event-id.ts";
import { SenderLife } from "./sender-life.ts";

/** Most origins that are kept; beyond that, those silent longest are forgotten. */
const MAX_ORIGINS = 10_000;

/** The present life of each origin, as far as it is known. Nothing is missing of an unknown origin. */
export class CurrentLives<T> {
	/** In the order in which they were last heard. */
	readonly #lives = new Map<string, SenderLife<T>>();
	#lastHeard = "";

	get(origin: string): SenderLife<T> | undefined {
		return this.#lives.get(origin);
	}

	/** The life of an origin that was just heard. @param first Its name if the origin is unknown. */
	hear(origin: string, first: string): SenderLife<T> {
		const known = this.#lives.get(origin);
		if (known !== undefined && this.#lastHeard === origin) return known;
		const life = known ?? new SenderLife<T>(first);
		this.#lastHeard = origin;
		setNewest(this.#lives, origin, life, MAX_ORIGINS);
		return life;
	}

	/** An origin begins another life. */
	begin(origin: string, life: SenderLife<T>): void {
		this.#lives.set(origin, life);
	}

	/** How far an epoch's events have come; if it is unknown, how far those of another epoch of the same origin. */
	position(origin: string, epoch: string): Position | undefined {
		const life = this.#lives.get(origin);
		const sequence = life?.find(epoch) ?? life?.sequences[0];
		return sequence && { epoch: sequence.epoch, seq: sequence.last };
	}

	/** This gateway may have been away, and what was sent meanwhile did not arrive. */
	away(): void {
		for (const { sequences } of this.#lives.values())
			for (const sequence of sequences) sequence.isStale = true;
	}

	/** Whether an origin has reported its position, in each known sequence, since this gateway may have been away. */
	isFresh(origin: string): boolean {
		return this.#lives.get(origin)?.isFresh ?? true;
	}

	/** Whether an origin has reported its end; true if it is unknown. */
	hasEnded(origin: string): boolean {
		return this.#lives.get(origin)?.hasEnded ?? true;
	}

	/** Whether an origin has reported its end, and everything before that has arrived; true if it is unknown. */
	isComplete(origin: string): boolean {
		return this.#lives.get(origin)?.isComplete ?? true;
	}
}
