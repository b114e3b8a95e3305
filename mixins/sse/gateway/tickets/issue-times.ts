import { randomBytes } from "node:crypto";
import { type Clock, type Moment, TOLERANCE, wallOf } from "../../core/util/clock.ts";
import type { Ticket } from "./ticket-claims.ts";

/**
 * When tickets were issued, and whether they are valid, as far as this gateway's clocks can prove it: of its own tickets the
 * steady clock, which counts from the beginning of its life; of another gateway's the wall clocks.
 */
export class IssueTimes {
	readonly #clock: Clock;
	readonly #onAhead: (milliseconds: number) => void;
	#life = newLife();
	/** When the life began, on the steady clock. */
	#born: number;

	/** @param onAhead Called for a ticket that is further in the future than clocks may differ. */
	constructor(clock: Clock, onAhead: (milliseconds: number) => void) {
		this.#clock = clock;
		this.#onAhead = onAhead;
		this.#born = clock.now().steady;
	}

	/** The name of this gateway's life. */
	get life(): string {
		return this.#life;
	}

	/** Begins a new life. */
	begin(): void {
		this.#life = newLife();
		this.#clock.begin();
		this.#born = this.#clock.now().steady;
	}

	now(): Moment {
		return this.#clock.now();
	}

	/** Age of this life in milliseconds. */
	ageAt({ steady }: Moment): number {
		return steady - this.#born;
	}

	/**
	 * When a ticket was issued, on the steady clock; for another gateway's the earliest time, because its clock may be fast.
	 */
	givenAt({ since, issuer }: Pick<Ticket, "since" | "issuer">): number {
		const { wall, steady } = this.#clock.now();
		if (issuer?.life === this.#life) return this.#born + issuer.at;
		return steady - Math.max(0, wall - since) - TOLERANCE;
	}

	/** Whether a ticket is valid at this time, and was issued while this gateway was listening. */
	isTimely(ticket: Ticket, now: Moment): boolean {
		const { since, from, until, issuer } = ticket;
		if (issuer?.life === this.#life) {
			const given = this.#born + issuer.at;
			// The steady clock may stand still while the machine is suspended, and the wall clock may be set back.
			return now.steady - given < until - since && now.wall < until + TOLERANCE;
		}
		if (from > now.wall + TOLERANCE) {
			this.#onAhead(from - now.wall);
			return false;
		}
		if (until + TOLERANCE <= now.wall) return false;
		if (issuer?.lives.includes(this.#life) && !this.#clock.wasSetBack) return true;
		return this.isAfter(ticket, this.#clock.begun, now);
	}

	/** Whether the clocks prove that a ticket was issued after a moment of this gateway's steady clock. */
	isAfter(
		{ since, issuer }: Pick<Ticket, "since" | "issuer">,
		steady: number,
		now: Moment
	): boolean {
		if (issuer?.life === this.#life) return this.#born + issuer.at > steady;
		return since > wallOf(steady, now) + TOLERANCE;
	}
}

/** A random name, so that the next life of the same gateway has another. */
function newLife(): string {
	return randomBytes(8).toString("base64url");
}
