import { isTransient } from "../../core/errors/transient.ts";
import { MoleculerRetryableError } from "../../moleculer/moleculer-values.ts";
import type { Gateway } from "../gateway.ts";
import { isSettled } from "../request/settled.ts";
import { PATIENCE } from "../request/waiting-requests.ts";
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
	wrap((schema.methods ?? {}) as Methods, "routeHandler", original => {
		return function (ctx, route, request: SseGatewayRequest, response: SseGatewayResponse, found) {
			const handle = () => original.call(this, ctx, route, request, response, found);
			const isStream = isOfStream(request, found);
			if (!isStream && !(found && isOwnAlias(this, found.alias))) return handle();
			const gateway = gatewayOf(this);
			let hasGivenUp = false;
			const unlessSettled = (act: () => void) => () => {
				if (isSettled(request, response)) return;
				hasGivenUp = true;
				act();
			};
			const last = unlessSettled(() => this.sendError(request, response, stopping()));
			const done = gateway.waiting.add({
				tooLong: unlessSettled(() => giveUp(this, request, response, transient)),
				sendOn: isStream
					? unlessSettled(() => sendOn(this, request, response, found.alias, gateway))
					: () => void setTimeout(last, LAST).unref()
			});
			const failed = (error: unknown): true => {
				done();
				// The application handles a request's errors once.
				if (!hasGivenUp) throw error;
				gateway.unavailable.tooLate(transient.causeOf(request, error));
				return true;
			};
			try {
				const handled: Promise<unknown> = handle();
				return handled.then(result => {
					done();
					return result;
				}, failed);
			} catch (error) {
				return failed(error);
			}
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
	return new MoleculerRetryableError("This node stops.", 503);
}

function unanswered(): Error {
	return new MoleculerRetryableError(
		`the application has neither let it open nor refused it within ${PATIENCE / 1000} seconds`,
		504
	);
}
