import { isTransient } from "../../core/errors/transient.ts";
import { MoleculerRetryableError } from "../../moleculer/moleculer-values.ts";
import type { Gateway } from "../gateway.ts";
import { isSettled } from "../request/settled.ts";
import { PATIENCE } from "../request/waiting-requests.ts";
import { isTicketAction } from "../tickets/ticket-action.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { type Methods, wrap } from "./methods.ts";
import { isAppended, type MergedSchema } from "./route.ts";
import { namesOf } from "./serve-aliases.ts";
import { type Found, isOfStream, type WebAlias, type WebService } from "./stream-request.ts";
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
			if (!isStream && !isOwn(this, found)) return handle();
			const gateway = gatewayOf(this);
			const done = gateway.waiting.add({
				tooLong: () => giveUp(this, request, response, transient),
				sendOn: () => {
					if (isStream) sendOn(this, request, response, found.alias, gateway);
					else setTimeout(() => refuseLast(this, request, response), LAST).unref();
				}
			});
			try {
				const handled: Promise<unknown> = handle();
				handled.then(done, done);
				return handled;
			} catch (error) {
				done();
				throw error;
			}
		};
	});
}

/** Whether a request that is not for a stream waits for functions that the plugin calls. */
function isOwn(service: WebService, found: Found): boolean {
	if (!found) return false;
	const { action, route } = found.alias;
	return isAppended(route.opts) || isTicketAction(service, action);
}

function giveUp(
	service: WebService,
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	transient: TransientErrors
): void {
	const error = unanswered();
	if (transient.answer(service, request, response, error) || isSettled(request, response)) return;
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
	if (isSettled(request, response)) return;
	try {
		const refusal = writeCors(service, alias.route, request, response);
		if (refusal !== undefined && !isTransient(refusal.error)) throw refusal.error;
		unavailable.sendOn(request, response, namesOf(alias));
	} catch (error) {
		service.sendError(request, response, error);
	}
}

function refuseLast(
	service: WebService,
	request: SseGatewayRequest,
	response: SseGatewayResponse
): void {
	if (isSettled(request, response)) return;
	service.sendError(request, response, new MoleculerRetryableError("This node stops.", 503));
}

function unanswered(): Error {
	return new MoleculerRetryableError(
		`the application has neither let it open nor refused it within ${PATIENCE / 1000} seconds`,
		504
	);
}
