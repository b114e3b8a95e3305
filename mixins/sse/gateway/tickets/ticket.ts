import { randomBytes } from "node:crypto";
import type { Subscription } from "../../core/addressing/registry.ts";
import { ExpiringSet } from "../../core/collections/expiring-set.ts";
import { parseId } from "../../core/event/event-id.ts";
import { TICKET_EXPIRES_IN, type TicketOptions } from "../../core/options/ticket-options.ts";
import type { Revocation } from "../../core/revocation/revocation.ts";
import {
	type HeardRevocation,
	TicketRevocations
} from "../../core/revocation/ticket-revocations.ts";
import { Clock, type Moment, TOLERANCE, wallOf } from "../../core/util/clock.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { Session } from "../auth/session.ts";
import { NewLives } from "./gateway-lives.ts";
import { IssueTimes } from "./issue-times.ts";
import { claimsOf, type Issuer, isJti, readClaims, type Ticket } from "./ticket-claims.ts";
import { secretsOf } from "./ticket-secrets.ts";
import { TicketSignature } from "./ticket-signature.ts";

/** The answer to a request for a ticket. */
export interface IssuedTicket {
	ticket: string;
	/** Milliseconds for which it opens a stream. */
	expiresIn: number;
}

/** What tickets depend on. Default: this process's own environment and clocks, and no other gateways. */
export interface TicketSurroundings {
	/** Moleculer's namespace: gateways of another one hear neither of used tickets nor of revocations here. Default: none. */
	namespace?: string;
	env?: NodeJS.ProcessEnv;
	clock?: Clock;
	/** Returns the lives of all present gateways. */
	lives?: () => readonly string[];
	/** Called for a ticket with a valid signature that is further in the future than clocks may differ. */
	onAhead?: (milliseconds: number) => void;
}

/** Node accepts 16 KiB of request head, of which the ticket is a part. */
const MAX_LENGTH = 8192;

/** Most revocations that a ticket names as earlier than itself: the latest. */
const MAX_AFTER = 32;
/** Most milliseconds by which one gateway hears a revocation later than another. */
const LATE = 60_000;

/**
 * Signed tickets that open one stream each, for clients that cannot send any other proof.
 *
 * Gateways tell each other which tickets are used and which sessions are revoked, and remember both for as long as a ticket may
 * be valid anywhere. A gateway judges its own tickets by what it has seen itself. For another gateway's ticket it must know
 * whether that gateway had heard of a revocation before it issued the ticket, and whether it was itself already listening by
 * then. The ticket states both; where it does not, the wall clocks decide.
 */
export class Tickets {
	readonly #signature: TicketSignature;
	readonly #namespace: string;
	readonly #expiresIn: number;
	/**
	 * Milliseconds for which used tickets and revocations are remembered. A gateway accepts a ticket for `expiresIn` plus the
	 * tolerance at either end, and once more if its clock is set back by too little to be noticed.
	 */
	readonly #memory: number;
	readonly #used: ExpiringSet;
	readonly #revocations: TicketRevocations;
	readonly #times: IssueTimes;
	readonly #newLives: NewLives;

	/** @throws SseError `SSE_INVALID_OPTION` without a secret, or for one that is too short. */
	constructor(
		options: TicketOptions,
		{
			namespace = "",
			env = process.env,
			clock = new Clock(
				() => Date.now(),
				() => performance.now()
			),
			lives = () => [],
			onAhead = () => {}
		}: TicketSurroundings = {}
	) {
		this.#signature = new TicketSignature(secretsOf(options, env));
		this.#namespace = namespace;
		this.#expiresIn = options.expiresIn ?? TICKET_EXPIRES_IN;
		this.#memory = this.#expiresIn + 3 * TOLERANCE;
		this.#used = new ExpiringSet(this.#expiresIn);
		this.#revocations = new TicketRevocations(this.#memory + LATE);
		this.#times = new IssueTimes(clock, onAhead);
		this.#newLives = new NewLives(() => lives().filter(life => life !== this.life));
	}

	/** The name of this gateway's life; other gateways put it into their tickets. */
	get life(): string {
		return this.#times.life;
	}

	/** Number of used tickets that are remembered. */
	get remembered(): number {
		return this.#used.size;
	}

	/** Milliseconds for which used tickets are remembered: after that no gateway accepts them for their age. */
	get memory(): number {
		return this.#memory;
	}

	/** Begins a new life: from now on this gateway hears which tickets are used and which sessions are revoked. */
	begin(): void {
		this.#times.begin();
	}

	async issue({ ids, expiresAt }: Session, eventNames: readonly string[]): Promise<IssuedTicket> {
		const now = this.#times.now();
		// Before anything is awaited: a revocation that is heard from now on comes after the ticket.
		const issuer = this.#asIssuer(now, { sessionIds: ids, eventNames });
		const ticket = await this.#signature.sign({
			ids,
			names: eventNames,
			...(expiresAt < Infinity && { end: expiresAt }),
			...(this.#namespace !== "" && { ns: this.#namespace }),
			...claimsOf(issuer),
			iat: now.wall / 1000,
			exp: (now.wall + this.#expiresIn) / 1000,
			jti: randomBytes(16).toString("base64url")
		});
		if (ticket.length <= MAX_LENGTH) return { ticket, expiresIn: this.#expiresIn };
		throw SseError.invalidRequest("eventName", "A ticket for so many events would not fit a URL.");
	}

	/**
	 * The content of a ticket that is to open a stream of these names. Undefined if it is not one or not ours, has expired, was
	 * used or revoked, or does not cover the names, or if this gateway cannot know.
	 */
	async read(text: string, eventNames: readonly string[]): Promise<Ticket | undefined> {
		const claims = await this.#signature.prove(text);
		const ticket = claims && readClaims(claims);
		return ticket !== undefined && this.#isGood(ticket, eventNames) ? ticket : undefined;
	}

	/** See {@link IssueTimes.givenAt}. */
	givenAt(ticket: Pick<Ticket, "since" | "issuer">): number {
		return this.#times.givenAt(ticket);
	}

	/** Uses up a ticket; false if it was used before. */
	take({ jti }: Pick<Ticket, "jti">): boolean {
		const { steady } = this.#times.now();
		return this.#used.take(jti, steady + this.#memory, steady);
	}

	/** Another gateway reports that it has accepted a ticket, or several; anything else is ignored. */
	markUsed(message: unknown): void {
		if (typeof message !== "object" || message === null) return;
		const { jti, until, used } = message as Partial<Ticket> & { used?: unknown };
		// `until` is on another machine's clock, so it does not shorten how long this is remembered.
		if (isJti(jti) && typeof until === "number") this.take({ jti });
		if (!Array.isArray(used)) return;
		for (const one of used) if (isJti(one)) this.take({ jti: one });
	}

	/**
	 * Streams are revoked: tickets that were issued for them before do not open any.
	 *
	 * @param id `<origin>.<epoch>.<seq>`, the same on every gateway; undefined if its sender gives none.
	 * @param at Latest time at which it happened, on the steady clock; default: now.
	 */
	revoke(revocation: Revocation, id: string | undefined, at?: number): void {
		const { steady } = this.#times.now();
		this.#revocations.add(revocation, shortened(id), steady, Math.min(steady, at ?? steady));
	}

	#asIssuer(now: Moment, stream: Subscription): Issuer {
		const heard = [...this.#revocations.concerning(stream)].sort((a, b) => b.order - a.order);
		const ids = heard.map(({ id }) => id).filter(id => id !== undefined);
		return {
			life: this.life,
			at: this.#times.ageAt(now),
			heard: this.#revocations.count,
			after: [...new Set(ids)].slice(0, MAX_AFTER),
			lives: this.#newLives.at(now.steady)
		};
	}

	#isGood(ticket: Ticket, asked: readonly string[]): boolean {
		const { jti, ids: sessionIds, eventNames, since, until, namespace, issuer } = ticket;
		if (namespace !== undefined && namespace !== this.#namespace) return false;
		if (this.#used.has(jti) || !asked.every(name => eventNames.includes(name))) return false;
		// A ticket that lives longer than tickets do here would be forgotten before it expires.
		if (until - since > this.#expiresIn + 1) return false;
		const now = this.#times.now();
		if (!this.#times.isTimely(ticket, now)) return false;
		// A ticket that was used before this moment may be among those that had to be forgotten.
		const forgotten = this.#used.forgotten - this.#memory;
		if (!this.#times.isAfter(ticket, forgotten, now)) return false;
		const isOwn = issuer?.life === this.life;
		for (const heard of this.#revocations.concerning({ sessionIds, eventNames: asked })) {
			const isBefore = isOwn
				? heard.order < issuer.heard || this.#times.isAfter(ticket, heard.at + TOLERANCE, now)
				: this.#isBefore(heard, ticket, now);
			if (!isBefore) return false;
		}
		return true;
	}

	/** Whether a revocation that this gateway has heard came before another gateway's ticket. */
	#isBefore({ id, at }: HeardRevocation, ticket: Ticket, now: Moment): boolean {
		if (now.steady - at > this.#memory) return true;
		const { since, issuer } = ticket;
		if (id !== undefined && issuer !== undefined) {
			if (issuer.after.includes(id)) return true;
			// The issuer was listening and had not heard it: the ticket is older, whatever its clock says.
			if (wallOf(at, now) > since - issuer.at + TOLERANCE) return false;
		}
		return this.#times.isAfter(ticket, at, now);
	}
}

/** A ticket is part of a URL, and the epoch alone identifies the sender. */
function shortened(id: string | undefined): string | undefined {
	const parsed = id === undefined ? undefined : parseId(id);
	return parsed && `${parsed.epoch}.${parsed.seq}`;
}
