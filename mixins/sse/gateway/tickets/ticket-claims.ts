import { readSessionId } from "../../core/addressing/session-id.ts";
import { isRefusal } from "../../core/errors/refusal.ts";
import type { Session } from "../auth/session.ts";
import { isLife } from "./gateway-lives.ts";

/** What a ticket says, once its signature is proven. */
export interface Ticket extends Session {
	readonly eventNames: readonly string[];
	readonly jti: string;
	/** `Date.now()` of its issuer when it was given. */
	readonly since: number;
	/** From when on it is good, on the same clock; usually `since`. */
	readonly from: number;
	/** When it expires, on the same clock. */
	readonly until: number;
	/** The Moleculer namespace that it is for; empty for none, undefined if another program gave it and does not say. */
	readonly namespace: string | undefined;
	/** The gateway that gave it; undefined if another program did. */
	readonly issuer: Issuer | undefined;
}

/** What a gateway states about itself in a ticket, beyond what a wall clock can tell. */
export interface Issuer {
	/** The name of the gateway's life. */
	readonly life: string;
	/** Age of that life in milliseconds when it gave the ticket, on its steady clock. */
	readonly at: number;
	/** Number of revocations that it had heard by then. */
	readonly heard: number;
	/** Ids of revocations of such streams that it had heard by then. */
	readonly after: readonly string[];
	/** The lives of gateways that it had met recently. */
	readonly lives: readonly string[];
}

const JTI = /^[\w-]{22}$/;

/** Whether anything may be the id of a ticket. */
export function isJti(value: unknown): value is string {
	return typeof value === "string" && JTI.test(value);
}

/** An issuer as claims. Empty lists are left out: a ticket is part of a URL. */
export function claimsOf({ life, at, heard, after, lives }: Issuer): Record<string, unknown> {
	return {
		gw: life,
		at,
		heard,
		...(after.length > 0 && { after }),
		...(lives.length > 0 && { lives })
	};
}

/** Reads claims whose signature is proven; undefined if they are no ticket. */
export function readClaims(claims: Record<string, unknown>): Ticket | undefined {
	const { ids, names, end = Number.POSITIVE_INFINITY, jti, iat, nbf = iat, exp } = claims;
	if (!isJti(jti) || typeof end !== "number") return undefined;
	if (typeof iat !== "number" || typeof nbf !== "number" || typeof exp !== "number") {
		return undefined;
	}
	if (!isList(names) || names.length === 0) return undefined;
	const sessionIds = readIds(ids);
	if (sessionIds === undefined) return undefined;
	const issuer = readIssuer(claims);
	if (issuer === undefined && claims.gw !== undefined) return undefined;
	// A gateway leaves that of no namespace out.
	const { ns = issuer && "" } = claims;
	if (ns !== undefined && typeof ns !== "string") return undefined;
	return {
		ids: sessionIds,
		eventNames: names,
		expiresAt: end,
		jti,
		since: iat * 1000,
		from: Math.max(iat, nbf) * 1000,
		until: exp * 1000,
		namespace: ns,
		issuer
	};
}

function readIssuer({
	gw,
	at,
	heard,
	after = [],
	lives = []
}: Record<string, unknown>): Issuer | undefined {
	if (!isLife(gw) || typeof at !== "number" || typeof heard !== "number") return undefined;
	if (!isList(after) || !isList(lives)) return undefined;
	return { life: gw, at, heard, after, lives };
}

/** At least one, without repetition; undefined if it is no list of session ids. */
function readIds(given: unknown): readonly string[] | undefined {
	if (!Array.isArray(given) || given.length === 0) return undefined;
	const ids = new Set<string>();
	for (const one of given) {
		const id = readSessionId(one, "ids");
		if (isRefusal(id)) return undefined;
		ids.add(id);
	}
	return [...ids];
}

function isList(value: unknown): value is string[] {
	return Array.isArray(value) && value.every(item => typeof item === "string");
}
