import type { Context } from "moleculer";
import type { Gateway } from "./gateway.ts";
import type { MergedSchema } from "./route.ts";
import type { IssuedTicket } from "./ticket.ts";
import type { GatewayRequest, GatewayResponse } from "./types.ts";

/** The name of the action that gives tickets: `<gateway service>.sseTicket`. */
const ACTION = "sseTicket";

interface TicketParams {
	/** One event name, or several. */
	eventName?: unknown;
}

/** The context of moleculer-web's own action, in which a request is handled. */
type RequestContext = Context<{ req?: GatewayRequest; res?: GatewayResponse }>;

/**
 * Adds the action that gives tickets. Whom a ticket is for is read from the HTTP request itself, by
 * `session`, and never from the action's params: any client could write those.
 */
export function addTicketAction(
	schema: MergedSchema,
	gatewayOf: (service: unknown) => Gateway
): void {
	const action = {
		handler(
			this: unknown,
			ctx: Context<TicketParams, { $responseHeaders?: Record<string, string> }>
		): Promise<IssuedTicket> {
			ctx.meta.$responseHeaders = {
				...ctx.meta.$responseHeaders,
				"Cache-Control": "no-store"
			};
			const { eventName = [] } = ctx.params ?? {};
			const names: readonly unknown[] = Array.isArray(eventName) ? eventName : [eventName];
			const caller = ctx.options.parentCtx as RequestContext | undefined;
			return gatewayOf(this).access.issueTicket(caller?.params ?? {}, names);
		}
	};
	schema.actions = { [ACTION]: action, ...schema.actions };
}
