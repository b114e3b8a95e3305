import type { Errors } from "moleculer";
import { isTransient } from "../../core/errors/transient.ts";
import { MoleculerRetryableError } from "../../moleculer/moleculer-values.ts";
import type { Gateway } from "../gateway.ts";
import { isSettled } from "../request/settled.ts";
import { PATIENCE } from "../request/waiting-requests.ts";
import { isTicketRequest } from "../tickets/ticket-action.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { type Methods, wrap } from "./methods.ts";
import { isOwnAlias } from "./own-requests.ts";
import type { MergedSchema } from "./route.ts";
import { namesOf } from "./serve-aliases.ts";
import { isOfStream, type WebAlias, type WebService } from "./stream-request.ts";
import { type TransientErrors, writeCors } from "./transient-errors.ts";

/**
 * Milliseconds that requests for a ticket, or for the inspector, still have when the gateway stops. They have no other gateway to
 * go on at, as a stream has.
 */
const LAST = 2000;

/**
 * Bounds the time for which the application lets a request for a stream, a ticket or the inspector wait: a middleware, a hook,
 * `session` or `authorize` may never return.
 */
export function boundWaits(
	schema: MergedSchema,
	gatewayOf: (service: unknown) => Gateway,
	transient: TransientErrors
): void {
	const methods = (schema.methods ?? {}) as Methods;
	/** Requests whose route has been entered. */
	const bounded = new WeakSet<object>();

	/** @param alias That of a stream; undefined for a ticket or the inspector. */
	function bound(
		service: WebService,
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		alias: WebAlias | undefined,
		handle: () => Promise<unknown>
	): Promise<unknown> {
		bounded.add(request);
		const gateway = gatewayOf(service);
		let hasGivenUp = false;
		const unlessSettled = (act: () => void) => () => {
			if (isSettled(request, response)) return;
			hasGivenUp = true;
			act();
		};
		const last = unlessSettled(() => service.sendError(request, response, stopping()));
		const done = gateway.waiting.add({
			tooLong: unlessSettled(() => giveUp(service, request, response, transient)),
			sendOn:
				alias === undefined
					? () => void setTimeout(last, LAST).unref()
					: unlessSettled(() => sendOn(service, request, response, alias, gateway))
		});
		const failed = (error: unknown): true => {
			done();
			// The application handles a request's errors once.
			if (!hasGivenUp) throw error;
			gateway.unavailable.tooLate(transient.causeOf(request, error));
			return true;
		};
		try {
			return handle().then(result => {
				done();
				return result;
			}, failed);
		} catch (error) {
			done();
			throw error;
		}
	}

	wrap(methods, "routeHandler", original => {
		return function (ctx, route, request: SseGatewayRequest, response: SseGatewayResponse, found) {
			const handle = () => original.call(this, ctx, route, request, response, found);
			if (isOfStream(request, found)) return bound(this, request, response, found.alias, handle);
			if (!(found && isOwnAlias(this, found.alias))) return handle();
			return bound(this, request, response, undefined, handle);
		};
	});

	// A route that lets clients name an action finds out late that it is the one for tickets.
	wrap(methods, "callAction", original => {
		return function (
			route,
			action,
			request: SseGatewayRequest,
			response: SseGatewayResponse,
			...rest
		) {
			const call = () => original.call(this, route, action, request, response, ...rest);
			if (bounded.has(request) || !isTicketRequest(this, request)) return call();
			return bound(this, request, response, undefined, call);
		};
	});
}

function giveUp(
	service: WebService,
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	transient: TransientErrors
): void {
	const error = unanswered();
	if (transient.answer(service, request, response, error)) return;
	// moleculer-web 0.10.0 has no `errorHandler`.
	if (service.errorHandler === undefined) service.sendError(request, response, error);
	else service.errorHandler(request, response, error);
}

/** Whoever would be refused in any case is refused: such a client need not go to another gateway. */
function sendOn(
	service: WebService,
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	alias: WebAlias,
	{ unavailable }: Gateway
): void {
	try {
		const refusal = writeCors(service, alias.route, request, response);
		if (refusal !== undefined && !isTransient(refusal.error)) throw refusal.error;
		unavailable.sendOn(request, response, namesOf(alias));
	} catch (error) {
		service.sendError(request, response, error);
	}
}

function stopping(): Error {
	return withStatus(new MoleculerRetryableError("This node stops.", 503));
}

function unanswered(): Error {
	return withStatus(
		new MoleculerRetryableError(
			`the application has neither let it open nor refused it within ${PATIENCE / 1000} seconds`,
			504
		)
	);
}

/** Under the name that Express reads, as `SseError` has it. */
function withStatus(error: Errors.MoleculerRetryableError): Error {
	return Object.assign(error, { statusCode: error.code });
}
