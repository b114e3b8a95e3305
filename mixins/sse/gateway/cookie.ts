import { randomBytes } from "node:crypto";
import { parseCookie, stringifySetCookie } from "cookie";
import { isRefusal } from "../core/errors.ts";
import { readSessionId } from "../core/session-id.ts";
import type { GatewayRequest, GatewayResponse } from "./types.ts";

const NAME = "sid";

/** What was issued to each request: asked again, it must not get a second session. */
const issuedTo = new WeakMap<GatewayRequest, string>();

/**
 * The default session: what cookie `sid` holds, or a new id of 128 random bits, issued with the
 * response. HttpOnly and SameSite=Lax keep it from scripts and from other sites (RFC 6265bis).
 */
export function cookieSession(request: GatewayRequest, response: GatewayResponse): string {
	const held = parseCookie(request.headers.cookie ?? "")[NAME];
	if (held !== undefined && !isRefusal(readSessionId(held, NAME))) return held;
	const before = issuedTo.get(request);
	if (before !== undefined) return before;

	const issued = randomBytes(16).toString("base64url");
	issuedTo.set(request, issued);
	const cookie = stringifySetCookie({
		name: NAME,
		value: issued,
		path: "/",
		httpOnly: true,
		sameSite: "lax",
		secure: isSecure(request)
	});
	response.appendHeader("Set-Cookie", cookie);
	return issued;
}

/** TLS ends here, or Express was told which proxy to believe (`trust proxy`). */
function isSecure(request: GatewayRequest): boolean {
	if ("encrypted" in request.socket && request.socket.encrypted === true) return true;
	return "secure" in request && request.secure === true;
}
