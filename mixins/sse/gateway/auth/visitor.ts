import type { Context } from "moleculer";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { SessionCookie } from "./cookie.ts";

/** A registered symbol, so that a process that loads the package twice, as ESM and as CommonJS, has one key. */
const VISITOR = Symbol.for("moleculer-sse.visitor");

/** No user's id may begin with this: so whatever a visitor writes into the cookie stays a visitor's id. */
const VISITOR_PREFIX = "visitor:";

/** By request: the id that the application was given. It may be asked once more about a request before it has answered. */
const given = new WeakMap<SseGatewayRequest, string>();

/**
 * Called before the application is asked who a request is, so that it may answer with the visitor.
 *
 * @returns Whether an id is the one that the application was given for this request.
 */
export function offerVisitor(
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	cookie: SessionCookie
): (id: string) => boolean {
	const value = (): string => {
		const id = cookie.sessionOf(request, response, VISITOR_PREFIX);
		given.set(request, id);
		return id;
	};
	Object.defineProperty(request, VISITOR, { value, configurable: true });
	return id => given.get(request) === id;
}

/**
 * The session of somebody whom the application does not know: `visitor:` and the value of the cookie, which is issued if it is
 * missing. For the option `session`:
 *
 * ```js
 * session: (ctx, req) => (ctx.meta.user ? `user:${ctx.meta.user.id}` : visitorSession(ctx, req))
 * ```
 *
 * @throws TypeError unless it is called by `session`.
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
