import { createSecretKey, type KeyObject } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";

const ALGORITHM = "HS256";
/** Makes sure that no other token that the application signs, even with the same secret, is taken for a ticket. */
const TYPE = "sse-ticket+jwt";
const AUDIENCE = "moleculer-sse";

/** The claims of a token, `iat` and `exp` in seconds. */
export type Claims = Record<string, unknown>;

/** Signs tickets and verifies their signatures. Judges neither their content nor their times. */
export class TicketSignature {
	/** The first one signs; all are accepted. Key objects, because they are never printed. */
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

	/** The claims of a ticket; undefined if it is not one, or not signed with one of the secrets. */
	async prove(text: string): Promise<Claims | undefined> {
		for (const key of this.#keys) {
			try {
				const { payload } = await jwtVerify(text, key, {
					algorithms: [ALGORITHM],
					typ: TYPE,
					audience: AUDIENCE,
					// Which clock counts depends on who issued the ticket.
					clockTolerance: Number.MAX_SAFE_INTEGER
				});
				return payload;
			} catch {
				// Another key may be the right one; which check failed is not revealed.
			}
		}
		return undefined;
	}
}
