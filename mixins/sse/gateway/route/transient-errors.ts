import { isTransient } from "../../core/errors/transient.ts";
import type { Gateway } from "../gateway.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { namesOf } from "./serve-aliases.ts";
import { aliasOfStream, type WebRoute, type WebService } from "./stream-request.ts";

/**
 * Handles streams' requests that have failed in moleculer-web, whichever part of their route failed: if the reason is temporary,
 * they are answered here (docs/protocol.md, 2.2), and neither moleculer-web nor the application's `onError` hears of it.
 */
export class TransientErrors {
	readonly #gatewayOf: (service: unknown) => Gateway;
	/** By request: what a middleware has thrown. moleculer-web passes on an error of its own instead. */
	readonly #thrown = new WeakMap<object, unknown>();
	/**
	 * By request: the error that is known to be permanent, and that is now on its way from one method of moleculer-web to the
	 * next. Applications throw one object for many requests.
	 */
	readonly #judged = new WeakMap<object, Readonly<{ error: unknown }>>();

	constructor(gatewayOf: (service: unknown) => Gateway) {
		this.#gatewayOf = gatewayOf;
	}

	/** A middleware has passed on an error, or none: those before it were dealt with. */
	passed(request: SseGatewayRequest, thrown: unknown): void {
		if (thrown) this.#thrown.set(request, thrown);
		else this.#thrown.delete(request);
	}

	/** What a middleware has thrown, or else the error that moleculer-web passes on. */
	causeOf(request: SseGatewayRequest, error: unknown): unknown {
		return this.#thrown.get(request) ?? error;
	}

	/** @returns Whether the request has been answered, here or by its refusal. */
	answer(
		service: WebService,
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		error: unknown
	): boolean {
		const { unavailable, refusals } = this.#gatewayOf(service);
		const judged = this.#judged.get(request);
		if (judged !== undefined && judged.error === error) return false;
		const alias = aliasOfStream(service, request);
		if (!unavailable.isOn) {
			if (alias !== undefined) refusals.failed(request, error);
			return false;
		}
		const thrown = this.causeOf(request, error);
		this.#thrown.delete(request);
		if (!isTransient(thrown)) {
			this.#judged.set(request, { error });
			if (alias !== undefined) refusals.failed(request, thrown);
			return false;
		}
		if (alias === undefined) return false;
		if (!unavailable.takes(request, response, namesOf(alias))) return false;
		const refusal = writeCors(service, alias.route, request, response);
		if (refusal === undefined || isTransient(refusal.error)) {
			unavailable.answer(request, response, thrown);
		} else {
			refusals.failed(request, refusal.error);
			service.sendError(request, response, refusal.error);
		}
		return true;
	}
}

/**
 * Without these headers a browser takes the answer for a failure. moleculer-web writes them after the route's middlewares.
 *
 * @returns The refusal of the request's origin, if it is refused.
 */
export function writeCors(
	service: WebService,
	route: WebRoute,
	request: SseGatewayRequest,
	response: SseGatewayResponse
): { error: unknown } | undefined {
	if (!route.cors || response.hasHeader("Access-Control-Allow-Origin")) return undefined;
	try {
		service.writeCorsHeaders?.(route, request, response, true);
		return undefined;
	} catch (error) {
		return { error };
	}
}
