import type { Context } from "moleculer";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { SessionCookie } from "./cookie.ts";

/** Known by name, not by identity: a process may load the package twice, as ESM and as CommonJS. */
const VISITOR = Symbol.for("moleculer-sse.visitor");

/** What no id of a user may begin with, so that whatever a visitor writes into the cookie is a visitor's. */
export const VISITOR_PREFIX = "visitor:";

/** Before the application is asked who a request is: so that it may answer that it is a visitor. */
export function offerVisitor(
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	cookie: SessionCookie
): void {
	const value = (): string => cookie.sessionOf(request, response, VISITOR_PREFIX);
	Object.defineProperty(request, VISITOR, { value, configurable: true });
}

/**
 * The session of somebody whom the application does not know: `visitor:` and what the cookie holds, which is issued if it
 * is missing. For the option `session`:
 *
 * ```js
 * session: (ctx, req) => (ctx.meta.user ? `user:${ctx.meta.user.id}` : visitorSession(ctx, req))
 * ```
 *
 * @throws TypeError if `session` is not what calls it.
 */
export function visitorSession(
	// biome-ignore lint/suspicious/noExplicitAny: the shape of params and meta is the user's
	_ctx: Context<any, any>,
	req: SseGatewayRequest
): string {
	const ask = (req as { [VISITOR]?: () => string })[VISITOR];
	if (ask === undefined) {
		throw new TypeError('visitorSession(ctx, req) is for the option "session" of SseMixin.');
	}
	return ask();
}
