import type { Specified } from "../tickets/ticket-action.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { Alias } from "./alias.ts";
import { isStreamAlias } from "./alias.ts";
import type { Middleware } from "./middleware-guard.ts";

/** A route of moleculer-web, as far as it concerns the requests for streams. */
export interface WebRoute {
	readonly opts?: object;
	readonly cors?: unknown;
	middlewares: Middleware[];
}

export interface WebAlias extends Alias {
	readonly route: WebRoute;
}

export type Found = { readonly alias: WebAlias } | false | null | undefined;

/** The part of a moleculer-web service that is used. */
export interface WebService extends Specified {
	readonly settings: { readonly onError?: unknown };
	readonly aliases: readonly WebAlias[];
	resolveAlias(url: string, method: string): Found;
	writeCorsHeaders?(route: WebRoute, req: unknown, res: unknown, isPreflight: boolean): void;
	errorHandler?(request: SseGatewayRequest, response: SseGatewayResponse, error: unknown): unknown;
	sendError(request: SseGatewayRequest, response: SseGatewayResponse, error: unknown): unknown;
}

/** Whether a request for which an alias was found may become a stream. */
export function isOfStream(
	{ method }: SseGatewayRequest,
	found: Found
): found is { alias: WebAlias } {
	return (method === "GET" || method === "HEAD") && !!found && isStreamAlias(found.alias);
}

/** The alias of a stream's request, which may have failed before it got there; undefined for any other request. */
export function aliasOfStream(
	service: WebService,
	request: SseGatewayRequest
): WebAlias | undefined {
	const found = findAlias(service, request);
	return isOfStream(request, found) ? found.alias : undefined;
}

/** Whether a request's URL is one that streams, by whatever method. */
export function isAtStream(service: WebService, request: SseGatewayRequest): boolean {
	const found = findAlias(service, request);
	return !!found && isStreamAlias(found.alias);
}

/** What moleculer-web finds for a request, or will find. */
export function findAlias(service: WebService, request: SseGatewayRequest): Found {
	try {
		return service.resolveAlias(pathOf(request), request.method ?? "");
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
