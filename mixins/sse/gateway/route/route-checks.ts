import type { Gateway } from "../gateway.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { MergedSchema } from "./route.ts";

type Next = (error?: unknown) => void;

type AliasHandler = (
	this: unknown,
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	next: Next
) => unknown;

/** A method of moleculer-web that creates an alias. */
type CreateAlias = (this: unknown, ...args: unknown[]) => { handler?: unknown };

/** A method of moleculer-web that calls a request's action. */
export type CallAction = (
	this: unknown,
	route: unknown,
	action: unknown,
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	...rest: unknown[]
) => Promise<unknown>;

/**
 * Tells `Access` of each request that has passed the authentication and authorization of its route, before moleculer-web calls
 * its action or its alias's function. `Gateway.open` does so for streams.
 */
export function watchChecks(
	{ methods = {} }: MergedSchema,
	gatewayOf: (service: unknown) => Gateway
): void {
	const createAlias = methods.createAlias as CreateAlias | undefined;
	const callAction = methods.callAction as CallAction | undefined;
	if (typeof createAlias === "function") {
		methods.createAlias = function (this: unknown, ...args: unknown[]) {
			const alias = createAlias.apply(this, args);
			if (typeof alias.handler === "function") {
				alias.handler = after(alias.handler as AliasHandler, (request, response) =>
					gatewayOf(this).access.passed(request, response)
				);
			}
			return alias;
		};
	}
	if (typeof callAction === "function") {
		const call: CallAction = async function (route, action, request, response, ...rest) {
			await gatewayOf(this).access.passed(request, response);
			return callAction.call(this, route, action, request, response, ...rest);
		};
		methods.callAction = call;
	}
}

/** Runs an alias's function after something else, and at once if there is nothing to wait for. */
function after(
	handler: AliasHandler,
	first: (request: SseGatewayRequest, response: SseGatewayResponse) => Promise<unknown> | undefined
): AliasHandler {
	return function (request, response, next) {
		const done = first(request, response);
		if (done === undefined) return handler.call(this, request, response, next);
		// Its promise is ignored: moleculer-web does not wait for it either.
		const run = () => void handler.call(this, request, response, next);
		done.then(run).catch(next);
	};
}
