import type { Context } from "moleculer";
import { SseError } from "../../moleculer/sse-error.ts";
import type { SseGateway, SseGatewayRequest, SseGatewayResponse } from "../types.ts";

/**
 * `onBeforeCall: sseSession` in a route of the gateway sets `ctx.meta.sessionId` for the actions of its aliases. A hook of your
 * own calls `this.sseSession(ctx, req, res)` instead, see {@link SseGateway}.
 *
 * @throws SseError `SSE_INVALID_OPTION` in a service without `SseMixin`.
 */
export async function sseSession(
	this: SseGateway,
	// biome-ignore lint/suspicious/noExplicitAny: the shape of params and meta is the user's
	ctx: Context<any, any>,
	_route: unknown,
	req: SseGatewayRequest,
	res: SseGatewayResponse
): Promise<void> {
	// The caller's `this` may differ from its type.
	const gateway = this as Partial<SseGateway> | undefined;
	if (typeof gateway?.sseSession !== "function") {
		throw new SseError(
			"SSE_INVALID_OPTION",
			"onBeforeCall: sseSession needs SseMixin in the same service: mixins: [SseMixin(), ApiGateway].",
			{ missing: "SseMixin" }
		);
	}
	await gateway.sseSession(ctx, req, res);
}
