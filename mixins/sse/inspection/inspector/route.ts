import {
	addRoute,
	type MergedSchema,
	notAGateway,
	resolveFirst
} from "../../gateway/route/route.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../../gateway/types.ts";
import type { Inspector } from "./inspector.ts";
import { setHeaders } from "./page-headers.ts";

/** Name that tells the inspector's aliases from the application's. */
const ALIAS = "moleculer-sse-inspector";
/** The alias of the page's files, its stream and its search. */
const FILE = ":file";

interface InspectorAlias {
	name?: string;
	path?: string;
	action?: unknown;
	toString(): string;
}

type CreateAlias = (this: unknown, route: unknown, path: unknown, of: unknown) => InspectorAlias;

type AliasHandler = (
	this: unknown,
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	alias: InspectorAlias
) => Promise<unknown>;

/**
 * Appends the inspector's route. Its requests pass the rate limit, and whatever else the gateway does with every request; the
 * request's action ends when it is answered, or its stream is open.
 *
 * @throws SseError if the path is taken.
 */
export function appendInspectorRoute(
	schema: MergedSchema,
	path: string,
	inspectorOf: (service: unknown) => Inspector
): void {
	const { methods } = schema;
	const createAlias = methods?.createAlias as CreateAlias | undefined;
	const aliasHandler = methods?.aliasHandler as AliasHandler | undefined;
	if (methods === undefined || createAlias === undefined || aliasHandler === undefined)
		throw notAGateway();
	// moleculer-web logs an alias with its action when it creates it, and would call that action.
	const alias = { name: ALIAS, action: "inspector" };
	addRoute(schema, "inspector", path, { "/": alias, [`/${FILE}`]: alias });
	resolveFirst(schema, ALIAS);
	const create: CreateAlias = function (route, path, of) {
		const alias = createAlias.call(this, route, path, of);
		if (alias.name === ALIAS) alias.action = null;
		return alias;
	};
	methods.createAlias = create;
	const handle: AliasHandler = async function (request, response, alias) {
		if (alias.name !== ALIAS) return aliasHandler.call(this, request, response, alias);
		// Also for what refuses the request before the inspector does, such as a rate limit.
		setHeaders(response);
		await aliasHandler.call(this, request, response, alias);
		const { parsedUrl = "" } = request;
		const isFile = alias.path?.endsWith(FILE) === true;
		const name = isFile ? parsedUrl.slice(parsedUrl.lastIndexOf("/") + 1) : undefined;
		await inspectorOf(this).serve(request, response, name);
		// moleculer-web takes null for "not found".
		return true;
	};
	methods.aliasHandler = handle;
}
