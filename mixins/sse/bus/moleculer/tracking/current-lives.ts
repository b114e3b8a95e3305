import { setNewest } from "../../../core/collections/set-newest.ts";
import type { Position } from "../../../core/event/event-id.ts";
import { SenderLife } from "./sender-life.ts";

/** Origins kept; past them those silent longest are forgotten. */
const MAX_ORIGINS = 10_000;

/** The life that each origin leads, as far as it is known. Of an origin that is not, nothing is missing. */
export class CurrentLives<T> {
	/** In the order in which they were heard last. */
	readonly #lives = new Map<string, SenderLife<T>>();
	#lastHeard = "";

	get(origin: string): SenderLife<T> | undefined {
		return this.#lives.get(origin);
	}

	/** That of an origin from which something has come. @param first Its name if nothing is known of the origin. */
	hear(origin: string, first: string): SenderLife<T> {
		const known = this.#lives.get(origin);
		if (known !== undefined && this.#lastHeard === origin) return known;
		const life = known ?? new SenderLife<T>(first);
		this.#lastHeard = origin;
		setNewest(this.#lives, origin, life, MAX_ORIGINS);
		return life;
	}

	/** An origin leads another life. */
	begin(origin: string, life: SenderLife<T>): void {
		this.#lives.set(origin, life);
	}

	/** How far an epoch's events have come; that of another epoch of the same origin if that one is not known. */
	position(origin: string, epoch: string): Position | undefined {
		const life = this.#lives.get(origin);
		const sequence = life?.find(epoch) ?? life?.sequences[0];
		return sequence && { epoch: sequence.epoch, seq: sequence.last };
	}

	/** This gateway may have been away: what was sent meanwhile did not come. */
	away(): void {
		for (const { sequences } of this.#lives.values())
			for (const sequence of sequences) sequence.isStale = true;
	}

	/** Whether an origin has said where it is, in each sequence that is known of it, since this gateway may have been away. */
	isFresh(origin: string): boolean {
		return this.#lives.get(origin)?.isFresh ?? true;
	}

	/** Whether an origin has said that it ends. */
	hasEnded(origin: string): boolean {
		return this.#lives.get(origin)?.hasEnded ?? true;
	}

	/** Whether an origin has said where it ends, and all of that has come. */
	isComplete(origin: string): boolean {
		return this.#lives.get(origin)?.isComplete ?? true;
	}
}
