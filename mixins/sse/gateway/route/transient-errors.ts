import { isThenable } from "../../core/errors/guard.ts";
import { isTransient } from "../../core/errors/transient.ts";
import { MoleculerRetryableError } from "../../moleculer/moleculer-values.ts";
import type { Gateway } from "../gateway.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { Alias } from "./alias.ts";
import { isStreamAlias } from "./alias.ts";
import { guardMiddleware, type Middleware } from "./middleware-guard.ts";
import type { MergedSchema } from "./route.ts";
import { namesOf } from "./serve-aliases.ts";

/**
 * Milliseconds that the application has to let a stream open, or to refuse it. Proxies give up after 30 seconds or more and
 * answer 504, after which EventSource does not reconnect.
 */
const PATIENCE = 25_000;

interface WebRoute {
	readonly cors?: unknown;
	middlewares: Middleware[];
}

interface WebAlias extends Alias {
	readonly route: WebRoute;
}

type Found = { readonly alias: WebAlias } | false | null | undefined;

/** The part of a moleculer-web service that is used. */
interface WebService {
	readonly aliases: readonly WebAlias[];
	resolveAlias(url: string, method: string): Found;
	writeCorsHeaders?(route: WebRoute, req: unknown, res: unknown, isPreflight: boolean): void;
	sendError(request: SseGatewayRequest, response: SseGatewayResponse, error: unknown): unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: moleculer-web's methods, whatever they take
type Method = (this: any, ...args: any[]) => any;

/**
 * Handles a stream's request that has failed in moleculer-web, whichever part of its route failed: if the reason is temporary,
 * it is answered here (docs/protocol.md, 2.2), and neither moleculer-web nor the application's `onError` hears of it.
 */
export function answerTransientErrors(
	schema: MergedSchema,
	gatewayOf: (service: unknown) => Gateway
): void {
	const methods = (schema.methods ?? {}) as Record<string, Method | undefined>;
	/** What middlewares have thrown: moleculer-web passes on an error of its own instead. */
	const thrownBy = new WeakMap<object, unknown>();
	/** Errors that moleculer-web passes on to `sendError` and that are known to be permanent. */
	const judged = new WeakSet<object>();
	/** Requests of streams that have reached their route. */
	const streams = new WeakSet<object>();

	/** @returns Whether the request has been answered, here or by its refusal. */
	function answer(
		service: WebService,
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		error: unknown
	): boolean {
		const { unavailable, refusals } = gatewayOf(service);
		if (isObject(error) && judged.has(error)) return false;
		const alias = aliasOfStream(service, request);
		if (!unavailable.isOn) {
			if (alias !== undefined) refusals.failed(request, error);
			return false;
		}
		const thrown = thrownBy.get(request) ?? error;
		thrownBy.delete(request);
		if (!isTransient(thrown)) {
			if (isObject(error)) judged.add(error);
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

	/** moleculer-web 0.10.0 has no `errorHandler`; an application's own one logs, and calls `sendError`. */
	for (const name of ["errorHandler", "sendError"]) {
		const original = methods[name];
		if (typeof original !== "function") continue;
		methods[name] = function (request: SseGatewayRequest, response: SseGatewayResponse, error) {
			if (answer(this, request, response, error)) return undefined;
			const answered: unknown = original.call(this, request, response, error);
			// Nobody waits for an asynchronous `onError`.
			if (streams.has(request) && isThenable(answered)) {
				answered.then(undefined, thrown => {
					if (!answer(this, request, response, thrown)) gatewayOf(this).unavailable.report(thrown);
				});
			}
			return answered;
		};
	}

	wrap(methods, "httpHandler", original => {
		return async function (request: SseGatewayRequest, response: SseGatewayResponse, ...rest) {
			try {
				return await original.call(this, request, response, ...rest);
			} catch (error) {
				// Thrown by `rootCallOptions`, or by the application's own `onError`.
				if (!answer(this, request, response, error)) throw error;
				return undefined;
			}
		};
	});

	wrap(methods, "routeHandler", original => {
		return function (ctx, route, request: SseGatewayRequest, response: SseGatewayResponse, found) {
			const handle = () => original.call(this, ctx, route, request, response, found);
			if (!isOfStream(request, found)) return handle();
			streams.add(request);
			if (!gatewayOf(this).unavailable.isOn) return handle();
			const timer = setTimeout(() => answer(this, request, response, unanswered()), PATIENCE);
			timer.unref();
			const handled: Promise<unknown> = handle();
			const stop = () => clearTimeout(timer);
			handled.then(stop, stop);
			return handled;
		};
	});

	wrap(methods, "createRoute", original => {
		return function (this: WebService, ...args) {
			const route: WebRoute = original.apply(this, args);
			if (this.aliases.some(alias => alias.route === route && isStreamAlias(alias))) {
				route.middlewares = route.middlewares.map(middleware =>
					guardMiddleware(middleware, {
						concerns: request => streams.has(request),
						passed: (request, thrown) => {
							if (thrown) thrownBy.set(request, thrown);
							else thrownBy.delete(request);
						},
						failed: thrown => gatewayOf(this).unavailable.report(thrown)
					})
				);
			}
			return route;
		};
	});
}

function wrap(
	methods: Record<string, Method | undefined>,
	name: string,
	make: (original: Method) => Method
): void {
	const original = methods[name];
	if (typeof original === "function") methods[name] = make(original);
}

/** Whether a request for which an alias was found may become a stream. */
function isOfStream({ method }: SseGatewayRequest, found: Found): found is { alias: WebAlias } {
	return (method === "GET" || method === "HEAD") && !!found && isStreamAlias(found.alias);
}

/** The alias of a stream's request, which may have failed before it got there; undefined for any other request. */
function aliasOfStream(service: WebService, request: SseGatewayRequest): WebAlias | undefined {
	try {
		const found = service.resolveAlias(pathOf(request), request.method ?? "");
		return isOfStream(request, found) ? found.alias : undefined;
	} catch {
		// Its path cannot be decoded.
		return undefined;
	}
}

/** As moleculer-web reads it; `url` is shortened once the route is known. */
function pathOf({ parsedUrl, url = "" }: SseGatewayRequest): string {
	if (parsedUrl !== undefined) return parsedUrl;
	const [path = ""] = url.split("?");
	return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/**
 * Without these headers a browser takes the answer for a failure. moleculer-web writes them after the route's middlewares.
 *
 * @returns The refusal of the request's origin, if it is refused.
 */
function writeCors(
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

function unanswered(): Error {
	return new MoleculerRetryableError(
		`the application has neither let it open nor refused it within ${PATIENCE / 1000} seconds`,
		504
	);
}

function isObject(value: unknown): value is object {
	return typeof value === "object" && value !== null;
}
