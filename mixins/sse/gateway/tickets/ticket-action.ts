import type { ActionSchema, Context, Service } from "moleculer";
import type { Gateway } from "../gateway.ts";
import type { MergedSchema } from "../route/route.ts";
import type { CallAction } from "../route/route-checks.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { IssuedTicket } from "./ticket.ts";

/** The name of the action that issues tickets: `<gateway service>.sseTicket`. */
const ACTION = "sseTicket";

interface TicketParams {
	/** One event name, or several. */
	eventName?: unknown;
}

/** The context of moleculer-web's own action, in which a request is handled. */
type RequestContext = Context<{ req?: SseGatewayRequest; res?: SseGatewayResponse }>;

/**
 * Adds the action that issues tickets. Who a ticket is for is read from the HTTP request itself, by `session`, and never from
 * the action's params, which any client could write.
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
	callOnThisNode(schema);
}

/** Whether a gateway's own action that issues tickets has that name. */
export function isTicketAction(service: Specified, name: unknown): boolean {
	return name !== undefined && ticketActionOf(service)?.name === name;
}

/** Whether moleculer-web has found that action for a request, by an alias or by its name. */
export function isTicketRequest(service: Specified, request: SseGatewayRequest): boolean {
	const chosen = request.$endpoint as Endpoint | undefined;
	return isTicketAction(service, chosen?.action?.name);
}

/** Its name is the service's choice: settings may leave out the service's own. */
function ticketActionOf({ _serviceSpecification }: Specified): OwnAction | undefined {
	const { actions } = _serviceSpecification;
	return Object.values(actions).find(action => action.rawName === ACTION);
}

/** Internals of a service that Moleculer's types leave out. */
export interface Specified {
	readonly _serviceSpecification: { readonly actions: Readonly<Record<string, OwnAction>> };
}

type OwnService = Service & Specified;

interface OwnAction extends ActionSchema {
	readonly name: string;
	/** Without the service's name. */
	readonly rawName: string;
}

/** Where an action is called. Hooks of the application may have put something else in its place. */
interface Endpoint {
	readonly action?: { readonly name?: unknown };
}

/**
 * Makes moleculer-web call the action on the node that has the request. Moleculer may choose any node with a gateway of that
 * name (with `registry.preferLocal: false`, or before this one is registered), or leave the choice to the transporter (with
 * `disableBalancer: true`).
 */
function callOnThisNode({ methods = {} }: MergedSchema): void {
	const original = methods.callAction as CallAction | undefined;
	if (typeof original !== "function") return;
	const callAction: CallAction = function (this: unknown, route, name, request, ...rest) {
		const service = this as OwnService;
		const own = ticketActionOf(service);
		if (own !== undefined && isTicketRequest(service, request)) {
			request.$endpoint = endpointIn(service, own);
		}
		return original.call(this, route, name, request, ...rest);
	};
	methods.callAction = callAction;
}

/** The endpoint of an action in this very service. */
function endpointIn({ actions, broker }: OwnService, own: OwnAction): Endpoint {
	const handler = (ctx: Context<Record<string, unknown>>) => actions[ACTION]?.(ctx.params, { ctx });
	// With the balancer off, Moleculer calls the handler that goes through the transporter, even on its own node.
	const action = { ...own, handler, remoteHandler: handler };
	return broker.registry.createPrivateActionEndpoint(action) as Endpoint;
}
