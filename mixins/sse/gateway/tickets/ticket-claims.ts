import { readSessionId } from "../../core/addressing/session-id.ts";
import { isRefusal } from "../../core/errors/refusal.ts";
import type { Session } from "../auth/session.ts";
import { isLife } from "./gateway-lives.ts";

/** The content of a ticket whose signature is verified. */
export interface Ticket extends Session {
	readonly eventNames: readonly string[];
	readonly jti: string;
	/** Its issuer's `Date.now()` when it was issued. */
	readonly since: number;
	/** When it becomes valid, on the same clock; usually `since`. */
	readonly from: number;
	/** When it expires, on the same clock. */
	readonly until: number;
	/** The Moleculer namespace that it is for; empty for none; undefined if another program issued it and does not say. */
	readonly namespace: string | undefined;
	/** The gateway that issued it; undefined if another program did. */
	readonly issuer: Issuer | undefined;
}

/** What a gateway states about itself in a ticket, beyond what a wall clock can tell. */
export interface Issuer {
	/** The name of the gateway's life. */
	readonly life: string;
	/** Age of that life in milliseconds when it issued the ticket, on its steady clock. */
	readonly at: number;
	/** Number of revocations that it had heard by then. */
	readonly heard: number;
	/** Ids of the revocations covering such streams that it had heard by then. */
	readonly after: readonly string[];
	/** The lives of gateways that it had met recently. */
	readonly lives: readonly string[];
}

const JTI = /^[\w-]{22}$/;

/** Whether a value may be the id of a ticket. */
export function isJti(value: unknown): value is string {
	return typeof value === "string" && JTI.test(value);
}

/** An issuer as claims. Empty lists are left out, because a ticket is part of a URL. */
export function claimsOf({ life, at, heard, after, lives }: Issuer): Record<string, unknown> {
	return {
		gw: life,
		at,
		heard,
		...(after.length > 0 && { after }),
		...(lives.length > 0 && { lives })
	};
}

/** Reads claims whose signature is verified; undefined if they are not a ticket. */
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
	// A gateway without a namespace leaves the claim out.
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

/** At least one, without duplicates; undefined if it is not a list of session ids. */
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
