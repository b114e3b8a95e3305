import { evictOldest } from "./evict.ts";
import type { Position } from "./id.ts";
import { Life } from "./lives.ts";

/** Origins kept; past them those silent longest are forgotten. */
const MAX_ORIGINS = 10_000;

/** The life that each origin leads, as far as it is known. Of an origin that is not, nothing is missing. */
export class PresentLives<T> {
	/** In the order in which they were heard last. */
	readonly #lives = new Map<string, Life<T>>();
	#lastHeard = "";

	get(origin: string): Life<T> | undefined {
		return this.#lives.get(origin);
	}

	/** That of an origin from which something has come. @param first Its name if nothing is known of the origin. */
	hear(origin: string, first: string): Life<T> {
		let life = this.#lives.get(origin);
		if (life === undefined) {
			life = new Life(first);
			this.#lives.set(origin, life);
			evictOldest(this.#lives, MAX_ORIGINS);
		}
		if (this.#lastHeard !== origin) {
			this.#lastHeard = origin;
			this.#lives.delete(origin);
			this.#lives.set(origin, life);
		}
		return life;
	}

	/** An origin leads another life. */
	begin(origin: string, life: Life<T>): void {
		this.#lives.set(origin, life);
	}

	/** How far an epoch's events have come; that of another epoch of the same origin if that one is not known. */
	position(origin: string, epoch: string): Position | undefined {
		const life = this.#lives.get(origin);
		const lane = life?.find(epoch) ?? life?.lanes[0];
		return lane && { epoch: lane.epoch, seq: lane.last };
	}

	/** This gateway may have been away: what was sent meanwhile did not come. */
	away(): void {
		for (const { lanes } of this.#lives.values()) for (const lane of lanes) lane.isStale = true;
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
