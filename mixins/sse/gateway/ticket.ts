import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import type { TicketOptions } from "../core/access-options.ts";
import { sessionIdProblem } from "../core/event.ts";
import { Once } from "../core/once.ts";
import { RecentRevocations } from "../core/recent-revocations.ts";
import { SseError } from "../moleculer/sse-error.ts";
import type { Session } from "./session.ts";

/** What a ticket says, once it is proven. */
export interface Ticket extends Session {
	readonly eventNames: readonly string[];
	readonly jti: string;
	/** `Date.now()` at which it was given. */
	readonly since: number;
	/** `Date.now()` at which it expires. */
	readonly until: number;
}

/** An answer to who asks for a ticket. */
export interface IssuedTicket {
	ticket: string;
	/** Milliseconds for which it opens a stream. */
	expiresIn: number;
}

const ALGORITHM = "HS256";
/** No other token that the application signs, with the same secret even, is a ticket. */
const TYPE = "sse-ticket+jwt";
const AUDIENCE = "moleculer-sse";

const EXPIRES_IN = 30_000;
/** RFC 7518, 3.2: a key of at least the size of the hash. */
export const MIN_SECRET_BYTES = 32;
/** Node takes 16 KiB of request head, of which the ticket is a part. */
const MAX_LENGTH = 8192;

const JTI = /^[\w-]{22}$/;

/** Signed tickets that open one stream each, for clients that cannot send what else would prove them. */
export class Tickets {
	/** The first signs; all are believed. Key objects, which nothing prints. */
	readonly #keys: readonly KeyObject[];
	readonly #expiresIn: number;
	readonly #used: Once;
	/** Of the time for which tickets are good. */
	readonly revocations: RecentRevocations;

	/** @throws SseError `SSE_INVALID_OPTION` without a secret, or for one that is too short. */
	constructor(options: TicketOptions, env: NodeJS.ProcessEnv = process.env) {
		this.#keys = secretsOf(options, env).map(secret => createSecretKey(secret, "utf8"));
		this.#expiresIn = options.expiresIn ?? EXPIRES_IN;
		this.#used = new Once(this.#expiresIn);
		this.revocations = new RecentRevocations(this.#expiresIn);
	}

	/** Number of used tickets that are remembered. */
	get remembered(): number {
		return this.#used.size;
	}

	async issue({ ids, expiresAt }: Session, eventNames: readonly string[]): Promise<IssuedTicket> {
		const now = Date.now();
		const until = now + this.#expiresIn;
		const claims = { ids, names: eventNames, ...(expiresAt < Infinity && { end: expiresAt }) };
		const ticket = await new SignJWT(claims)
			.setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
			.setAudience(AUDIENCE)
			.setIssuedAt(now / 1000)
			.setExpirationTime(until / 1000)
			.setJti(randomBytes(16).toString("base64url"))
			.sign(this.#keys[0] as KeyObject);
		if (ticket.length <= MAX_LENGTH) return { ticket, expiresIn: this.#expiresIn };
		throw SseError.invalidRequest("eventName", "A ticket for so many events would not fit a URL.");
	}

	/**
	 * What a ticket says that is to open a stream of these names. Undefined if it is none or not ours, has
	 * expired, was used or revoked, or does not cover the names.
	 */
	async read(text: string, eventNames: readonly string[]): Promise<Ticket | undefined> {
		for (const key of this.#keys) {
			try {
				const options = { algorithms: [ALGORITHM], typ: TYPE, audience: AUDIENCE };
				const { payload } = await jwtVerify(text, key, options);
				const ticket = readClaims(payload, this.#expiresIn);
				return ticket !== undefined && this.#isGood(ticket, eventNames) ? ticket : undefined;
			} catch {
				// Another key may be its own; which check failed is nobody's business.
			}
		}
		return undefined;
	}

	#isGood({ jti, ids, eventNames, since }: Ticket, asked: readonly string[]): boolean {
		if (this.#used.has(jti) || !asked.every(name => eventNames.includes(name))) return false;
		return !this.revocations.concern({ sessionIds: ids, eventNames: asked }, since);
	}

	/** Uses a ticket up; false if it was used before. */
	take({ jti, until }: Pick<Ticket, "jti" | "until">): boolean {
		return this.#used.take(jti, until, Date.now());
	}

	/** Another gateway says that it has taken a ticket; anything else is ignored. */
	heed(message: unknown): void {
		if (typeof message !== "object" || message === null) return;
		const { jti, until } = message as Partial<Ticket>;
		if (typeof jti !== "string" || !JTI.test(jti) || typeof until !== "number") return;
		// No longer than one of this gateway's could live, whatever the other's clock says.
		const latest = Date.now() + 2 * this.#expiresIn;
		this.take({ jti, until: Math.min(until, latest) });
	}
}

function readClaims(claims: Record<string, unknown>, expiresIn: number): Ticket | undefined {
	const { ids, names, end = Number.POSITIVE_INFINITY, jti, iat, exp } = claims;
	if (typeof jti !== "string" || !JTI.test(jti)) return undefined;
	if (typeof iat !== "number" || typeof exp !== "number" || typeof end !== "number")
		return undefined;
	// One that lives longer than tickets do here would be forgotten before it expires.
	if ((exp - iat) * 1000 > expiresIn + 1) return undefined;
	// `exp` is compared in whole seconds by others; a ticket is good for no longer than it says.
	if (exp * 1000 <= Date.now()) return undefined;
	if (!isList(ids) || !isList(names)) return undefined;
	if (ids.some(id => sessionIdProblem(id) !== undefined)) return undefined;
	return { ids, eventNames: names, expiresAt: end, jti, since: iat * 1000, until: exp * 1000 };
}

function isList(value: unknown): value is string[] {
	return Array.isArray(value) && value.length > 0 && value.every(item => typeof item === "string");
}

function secretsOf({ secret, secrets }: TicketOptions, env: NodeJS.ProcessEnv): readonly string[] {
	const fromEnv = [
		env.MOLECULER_SSE_TICKET_SECRET,
		env.MOLECULER_SSE_TICKET_SECRET_PREVIOUS
	].filter(text => text);
	const given = secrets ?? (secret === undefined ? (fromEnv as string[]) : [secret]);
	// Never with the value: errors are logged.
	const needs = `SseMixin(): option "ticket" needs a secret of at least ${MIN_SECRET_BYTES} bytes`;
	const where = "ticket.secret, ticket.secrets, or MOLECULER_SSE_TICKET_SECRET in the environment";
	if (given.length === 0 || given.some(text => Buffer.byteLength(text) < MIN_SECRET_BYTES)) {
		throw new SseError("SSE_INVALID_OPTION", `${needs}: ${where}.`, { option: "ticket" });
	}
	return given;
}
