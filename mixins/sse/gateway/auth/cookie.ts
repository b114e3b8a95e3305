import { randomBytes } from "node:crypto";
import { stringifySetCookie } from "cookie";
import { EVERYONE, readSessionId } from "../../core/addressing/session-id.ts";
import { isRefusal } from "../../core/errors/refusal.ts";
import type { CookieOptions } from "../../core/options/cookie-options.ts";
import type { Trust } from "../limits/address.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { cookieValues } from "./cookie-values.ts";

/** Added to the name of a cookie that another application uses. */
const SUFFIX = "-sse";

/**
 * The session in a browser's cookie: any value that may be an id, or a new one of 128 random bits, issued with the response.
 * HttpOnly and SameSite protect it from scripts and from other sites (RFC 6265bis).
 *
 * A value that is too long to be an id belongs to another application. It is left as it is, and the session goes into a second
 * cookie.
 */
export class SessionCookie {
	readonly #options: CookieOptions;
	readonly #isTrusted: Trust;
	/** The value issued to each request, so that a request that is resolved again gets no second session. */
	readonly #issuedTo = new WeakMap<SseGatewayRequest, string>();

	/** @param isTrusted Which proxies are believed. */
	constructor(options: CookieOptions, isTrusted: Trust) {
		this.#options = options;
		this.#isTrusted = isTrusted;
	}

	/**
	 * The session of a request, issued if it has none.
	 *
	 * @param prefix Put before the cookie's value to make the id, which must not become longer than an id may be.
	 */
	sessionOf(request: SseGatewayRequest, response: SseGatewayResponse, prefix = ""): string {
		const { name } = this.#options;
		const [held, ours] = cookieValues(request.headers.cookie ?? "", [name, name + SUFFIX]);
		const found = [...ours, ...held].find(
			value => isSomebody(value) && !isRefusal(readSessionId(prefix + value, name))
		);
		if (found !== undefined) return prefix + found;
		const before = this.#issuedTo.get(request);
		if (before !== undefined) return prefix + before;

		const issued = randomBytes(16).toString("base64url");
		this.#issuedTo.set(request, issued);
		const cookie = this.#issue(request, held.some(isSomebody) ? name + SUFFIX : name, issued);
		response.appendHeader("Set-Cookie", cookie);
		return prefix + issued;
	}

	/** Whether a session's first id is a value that was issued with the response to this very request. */
	hasIssued(request: SseGatewayRequest, id = ""): boolean {
		const issued = this.#issuedTo.get(request);
		return issued !== undefined && id.endsWith(issued);
	}

	#issue(request: SseGatewayRequest, name: string, value: string): string {
		const { secure, sameSite, path, domain } = this.#options;
		return stringifySetCookie({
			name,
			value,
			path,
			httpOnly: true,
			sameSite,
			secure: secure === "auto" ? this.#isSecure(request) : secure,
			...(domain === null ? {} : { domain })
		});
	}

	/** TLS ends here, or before a proxy that is believed, by Express (`trust proxy`) or by `trustProxy`. */
	#isSecure(request: SseGatewayRequest): boolean {
		const { socket, headers } = request;
		if ("encrypted" in socket && socket.encrypted === true) return true;
		if ("secure" in request && request.secure === true) return true;
		if (!this.#isTrusted(socket.remoteAddress ?? "", 0)) return false;
		// Each proxy appends the protocol by which it was reached; the first one was reached by the browser.
		const [first = ""] = String(headers["x-forwarded-proto"] ?? "").split(",");
		return first.trim().toLowerCase() === "https";
	}
}

function isSomebody(value: string): boolean {
	return value !== "" && value !== EVERYONE;
}
