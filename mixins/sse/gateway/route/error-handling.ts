import { isThenable } from "../../core/errors/guard.ts";
import type { Gateway } from "../gateway.ts";
import { breakOff } from "../request/plain-response.ts";
import { refuse } from "../request/refusal-answer.ts";
import { isAnswered, isOver } from "../request/settled.ts";
import { isTicketAction, isTicketRequest } from "../tickets/ticket-action.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { isStreamAlias } from "./alias.ts";
import { type Methods, wrap } from "./methods.ts";
import { guardMiddleware } from "./middleware-guard.ts";
import { isOwnRequest } from "./own-requests.ts";
import { isAppended, type MergedSchema } from "./route.ts";
import {
	aliasOfStream,
	isAtStream,
	isOfStream,
	type WebRoute,
	type WebService
} from "./stream-request.ts";
import type { TransientErrors } from "./transient-errors.ts";

/**
 * Handles what fails in the routes that have streams, and in the plugin's own. moleculer-web catches nothing where it handles an
 * error, and nobody waits for its promise: what an application's `onError` throws there, or in a timer, would end the process.
 */
export function handleErrors(
	schema: MergedSchema,
	gatewayOf: (service: unknown) => Gateway,
	transient: TransientErrors
): void {
	const methods = (schema.methods ?? {}) as Methods;
	/** Routes whose error handling is guarded. */
	const guarded = new WeakSet<object>();
	/** Requests of streams that have reached their route. */
	const streams = new WeakSet<object>();
	/** Requests that the application's own error handling has to answer. */
	const handed = new WeakSet<object>();

	function isGuarded(service: WebService, request: SseGatewayRequest): boolean {
		const { $route } = request;
		if ($route == null) return isAtStream(service, request);
		return guarded.has($route) || isTicketRequest(service, request);
	}

	/** A server that closes waits for what is not answered, and nothing else bounds how long the application takes. */
	function boundHandling(
		service: WebService,
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		failed: (reason: Error) => void
	): void {
		if (handed.has(request) || isOver(request, response) || !isOwnRequest(service, request)) return;
		handed.add(request);
		const giveUp = (): void => {
			if (!isOver(request, response)) failed(new Error("It has not answered."));
		};
		const done = gatewayOf(service).waiting.add({ tooLong: giveUp, sendOn: giveUp });
		response.once("finish", done);
		response.once("close", done);
	}

	/** moleculer-web 0.10.0 has no `errorHandler`; an application's own one logs, and calls `sendError`. */
	for (const name of ["errorHandler", "sendError"]) {
		wrap(methods, name, original => {
			return function (
				this: WebService,
				request: SseGatewayRequest,
				response: SseGatewayResponse,
				error: unknown
			) {
				const cause = transient.causeOf(request, error);
				if (transient.answer(this, request, response, error)) return undefined;
				const handle = (): unknown => original.call(this, request, response, error);
				if (!isGuarded(this, request)) return handle();
				const { unavailable } = gatewayOf(this);
				const isStream = aliasOfStream(this, request) !== undefined;
				// It has been answered by a middleware, or by the gateway, which waits for the application only so long.
				if (isStream && isAnswered(response)) {
					unavailable.tooLate(cause);
					return undefined;
				}
				// A middleware has begun an answer. moleculer-web would leave it like that.
				if (isStream && response.headersSent && name === "sendError" && !isHandled(this, request)) {
					unavailable.tooLate(cause);
					breakOff(response);
					return undefined;
				}
				const failed = (thrown: unknown): void => {
					refuse(request, response, error);
					unavailable.unhandled(thrown);
				};
				try {
					const handled = handle();
					boundHandling(this, request, response, failed);
					// Nobody waits for an asynchronous `onError`.
					return isThenable(handled) ? handled.then(undefined, failed) : handled;
				} catch (thrown) {
					failed(thrown);
					return undefined;
				}
			};
		});
	}

	wrap(methods, "httpHandler", original => {
		return async function (request: SseGatewayRequest, response: SseGatewayResponse, ...rest) {
			try {
				return await original.call(this, request, response, ...rest);
			} catch (error) {
				// Thrown by `rootCallOptions`, or for a request that is none of the plugin's by the application's `onError`.
				if (!isGuarded(this, request)) throw error;
				this.sendError(request, response, error);
				return undefined;
			}
		};
	});

	wrap(methods, "routeHandler", original => {
		return function (ctx, route, request: SseGatewayRequest, response: SseGatewayResponse, found) {
			if (isOfStream(request, found)) streams.add(request);
			return original.call(this, ctx, route, request, response, found);
		};
	});

	wrap(methods, "createRoute", original => {
		return function (this: WebService, ...args) {
			const route: WebRoute = original.apply(this, args);
			const aliases = this.aliases.filter(alias => alias.route === route);
			const hasStreams = aliases.some(isStreamAlias);
			const hasTickets = aliases.some(({ action }) => isTicketAction(this, action));
			if (hasStreams || hasTickets || isAppended(route.opts)) {
				guarded.add(route);
			}
			if (hasStreams) {
				route.middlewares = route.middlewares.map(middleware =>
					guardMiddleware(middleware, {
						concerns: request => streams.has(request),
						passed: (request, thrown) => transient.passed(request, thrown),
						failed: thrown => gatewayOf(this).unavailable.tooLate(thrown)
					})
				);
			}
			return route;
		};
	});
}

/** Whether the application handles a request's errors in the end: by `onError`, or Express. */
function isHandled({ settings }: WebService, { $route, $next }: SseGatewayRequest): boolean {
	return [$route?.onError, settings.onError, $next].some(handler => typeof handler === "function");
}
