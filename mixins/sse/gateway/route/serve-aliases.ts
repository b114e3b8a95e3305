import type { Service } from "moleculer";
import type { Gateway } from "../gateway.ts";
import type { NameRules } from "../request/request.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { ALIAS_TYPE, type Alias, isStreamAlias } from "./alias.ts";
import { runMiddlewares } from "./alias-middlewares.ts";
import { guardMiddleware, type Middleware } from "./middleware-guard.ts";
import { type MergedSchema, notAGateway, OWN_ALIAS } from "./route.ts";
import { readStreamAlias, type StreamAlias } from "./stream-alias.ts";

/** What is known of an alias that streams. */
interface Served {
	readonly eventNames: readonly string[] | undefined;
	readonly middlewares: readonly Middleware[];
	/** Stand-ins for an alias's action and for its endpoint: hooks of a route read both. */
	readonly action: object;
	readonly endpoint: object;
}

/** For aliases that were created without `createAlias`. */
const UNKNOWN: StreamAlias = { own: { type: ALIAS_TYPE }, eventNames: undefined, middlewares: [] };

const served = new WeakMap<object, Served>();

type CreateAlias = (
	this: Service,
	route: unknown,
	path: string | { type?: unknown },
	definition: unknown
) => Alias;

type AliasHandler = (
	this: Service,
	request: SseGatewayRequest,
	response: SseGatewayResponse,
	alias: Alias
) => Promise<unknown>;

/** The event names of an alias that has names of its own. */
export function namesOf(alias: Alias): readonly string[] | undefined {
	return served.get(alias)?.eventNames;
}

/**
 * Makes moleculer-web create aliases of `{ type: "sse" }`, from settings and from routes that are added later.
 *
 * @param rules Which event names they may have.
 */
export function makeAliases(
	{ methods = {} }: MergedSchema,
	gatewayOf: (service: unknown) => Gateway,
	rules: NameRules
): void {
	const createAlias = methods.createAlias as CreateAlias | undefined;
	if (typeof createAlias !== "function") return;
	const create: CreateAlias = function (route, path, definition) {
		if (typeof path !== "string") {
			// From an action's `rest`. An error would keep the aliases of all other actions from being created.
			if (path.type === ALIAS_TYPE) this.logger.error(ofAction(definition));
			return createAlias.call(this, route, path, definition);
		}
		const stream = readStreamAlias(path, definition, rules);
		if (stream === undefined) return createAlias.call(this, route, path, definition);
		const isOwn = stream.own.name === OWN_ALIAS;
		// moleculer-web logs each alias with its action when it creates it, and a stream has none.
		const shown = isOwn ? path.replace("*", "GET") : path;
		const alias = createAlias.call(this, route, shown, { ...stream.own, action: ALIAS_TYPE });
		const line = String(alias);
		alias.action = null;
		if (isOwn) alias.method = "*";
		Object.defineProperty(alias, "toString", { value: () => line });
		served.set(alias, serve(this, stream, gatewayOf));
		return alias;
	};
	methods.createAlias = create;
}

/**
 * Makes `{ type: "sse" }` aliases stream. moleculer-web's own handler runs first, and with it the rate limit, `onBeforeCall`,
 * authentication and authorization of the alias's route. The request's action ends when the stream is open: a pending one would
 * hold its context, span and bulkhead slot.
 */
export function serveAliases(
	{ methods }: MergedSchema,
	gatewayOf: (service: unknown) => Gateway
): void {
	const original = methods?.aliasHandler as AliasHandler | undefined;
	if (methods === undefined || typeof original !== "function") throw notAGateway();
	const handler: AliasHandler = async function (request, response, alias) {
		if (!isStreamAlias(alias)) return original.call(this, request, response, alias);
		const { eventNames, middlewares, action, endpoint } =
			served.get(alias) ?? serve(this, UNKNOWN, gatewayOf);
		request.$action = action;
		request.$endpoint = endpoint;
		await original.call(this, request, response, alias);
		const gateway = gatewayOf(this);
		if (middlewares.length > 0) {
			await gateway.access.passed(request, response);
			await runMiddlewares(this, middlewares, request, response);
			// They may have identified the client.
			gateway.access.forget(request);
		}
		const pendingOpen = gateway.access.openingOf(request) ?? gateway.revocations.begin();
		await gateway.open(request, response, pendingOpen, eventNames);
		// moleculer-web takes null for "not found".
		return true;
	};
	methods.aliasHandler = handler;
}

function serve(
	service: Service,
	{ own, eventNames, middlewares }: StreamAlias,
	gatewayOf: (service: unknown) => Gateway
): Served {
	const { broker, name: serviceName, version, fullName } = service;
	const { name = ALIAS_TYPE } = own.name === OWN_ALIAS ? {} : own;
	const action = { ...own, name };
	const watch = {
		concerns: () => true,
		passed: () => {},
		failed: (thrown: unknown) => gatewayOf(service).unavailable.tooLate(thrown)
	};
	return {
		eventNames,
		middlewares: middlewares.map(middleware => guardMiddleware(middleware, watch)),
		action,
		endpoint: {
			id: broker.nodeID,
			local: true,
			name,
			action,
			service: { name: serviceName, version, fullName }
		}
	};
}

function ofAction(action: unknown): string {
	return (
		`SSE: the action "${action}" has a "rest" of type "${ALIAS_TYPE}", but an action cannot stream: put an alias ` +
		`{ type: "${ALIAS_TYPE}" } into a route of the gateway.`
	);
}
