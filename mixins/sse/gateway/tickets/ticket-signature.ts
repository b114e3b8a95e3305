import { createSecretKey, type KeyObject } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";

const ALGORITHM = "HS256";
/** No other token that the application signs, with the same secret even, is a ticket. */
const TYPE = "sse-ticket+jwt";
const AUDIENCE = "moleculer-sse";

/** The claims of a token, `iat` and `exp` in seconds. */
export type Claims = Record<string, unknown>;

/** Signs tickets and checks their signatures. It does not judge what they say, nor their times. */
export class TicketSignature {
	/** The first signs; all are believed. Key objects, which nothing prints. */
	readonly #keys: readonly KeyObject[];

	/** @param secrets At least one. */
	constructor(secrets: readonly string[]) {
		this.#keys = secrets.map(secret => createSecretKey(secret, "utf8"));
	}

	sign(claims: Claims): Promise<string> {
		return new SignJWT(claims)
			.setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
			.setAudience(AUDIENCE)
			.sign(this.#keys[0] as KeyObject);
	}

	/** The claims of a ticket; undefined if it is no ticket, or not signed with one of the secrets. */
	async prove(text: string): Promise<Claims | undefined> {
		for (const key of this.#keys) {
			try {
				const { payload } = await jwtVerify(text, key, {
					algorithms: [ALGORITHM],
					typ: TYPE,
					audience: AUDIENCE,
					// Which clock counts depends on who gave the ticket.
					clockTolerance: Number.MAX_SAFE_INTEGER
				});
				return payload;
			} catch {
				// Another key may be its own; which check failed is nobody's business.
			}
		}
		return undefined;
	}
}
