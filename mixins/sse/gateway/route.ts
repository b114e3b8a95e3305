import { handle } from "../http/onlookers.ts";
import { SseError } from "../moleculer/sse-error.ts";
import type { Gateway } from "./gateway.ts";
import type { GatewayRequest, GatewayResponse } from "./types.ts";

/** The `type` of an alias that streams. */
const ALIAS_TYPE = "sse";

/** By this name the appended route's alias is known from the application's. */
const ROUTE = "moleculer-sse";

export interface Alias {
	type?: string;
	name?: string;
	/** As moleculer-web has it, once the route is made. */
	fullPath?: string;
	match?(url: string): object | false;
	action?: unknown;
	handler?: unknown;
}

interface Route {
	path?: string;
	name?: string;
	aliases?: Record<string, unknown>;
	[setting: string]: unknown;
}

/** A service's schema after all mixins have been merged, as far as it concerns a gateway. */
export interface MergedSchema {
	settings?: { path?: unknown; routes?: Route[]; sse?: unknown };
	methods?: Record<string, unknown>;
	actions?: Record<string, unknown>;
	started?: Hook | Hook[];
	stopped?: Hook | Hook[];
}

type Hook = (this: never) => unknown;

type AliasHandler = (
	this: unknown,
	request: GatewayRequest,
	response: GatewayResponse,
	alias: Alias
) => Promise<unknown>;

/**
 * Appends the mixin's own route to a merged schema. Settings cannot bring it: Moleculer merges arrays
 * by index, so that it would land in the user's first route.
 *
 * @throws SseError if the user already has a route of that path, which moleculer-web would replace, or
 * an alias, which ours would take the requests of.
 */
export function appendRoute(schema: MergedSchema, path: string): void {
	schema.settings ??= {};
	const { settings } = schema;
	const routes = settings.routes ?? [];
	if (routes.some(route => pathsOf(route).some(taken => samePath(taken, path)))) {
		throw new SseError(
			"SSE_INVALID_OPTION",
			`SseMixin(): option "path" is "${path}", which is already a route of this gateway; give ` +
				`another path, or null and an alias { type: "sse" } in your own route.`,
			{ option: "path" }
		);
	}
	// moleculer-web adds its default route only where there is none: ours must not take it away.
	if (routes.length === 0) routes.push({ path: "/" });
	routes.push({
		path,
		bodyParsers: false,
		mappingPolicy: "restrict",
		// Every method, to answer others than GET and HEAD with 405.
		aliases: { "* /": { type: ALIAS_TYPE, name: ROUTE } }
	});
	settings.routes = routes;
	resolveFirst(schema);
}

/**
 * Lets the appended route's alias be tried first. moleculer-web tries aliases by the depth of their own
 * path, whatever their route's, so that an application's catch-all would take the streams' requests.
 */
function resolveFirst({ methods }: MergedSchema): void {
	const original = methods?.resolveAlias;
	if (methods === undefined || typeof original !== "function") throw notAGateway();
	methods.resolveAlias = function (this: { aliases: Alias[] }, url: string, method: string) {
		const alias = this.aliases.find(({ name }) => name === ROUTE);
		const params = alias?.match?.(url);
		return params ? { alias, params } : original.call(this, url, method);
	};
}

/** @throws SseError for an alias of type `sse` that also has an action: it could not stream. */
export function checkAliases(schema: MergedSchema): void {
	for (const route of schema.settings?.routes ?? []) {
		for (const [match, alias] of Object.entries(route.aliases ?? {})) {
			const conflict =
				typeof alias === "string"
					? alias.startsWith(`${ALIAS_TYPE}:`)
					: isAlias(alias) && alias.type === ALIAS_TYPE && !streams(alias);
			if (!conflict) continue;
			throw new SseError(
				"SSE_INVALID_OPTION",
				`The alias "${match}" is of type "${ALIAS_TYPE}" and takes neither action nor handler.`,
				{ alias: match }
			);
		}
	}
}

/**
 * Lets `{ type: "sse" }` aliases stream. moleculer-web's own handler runs first, and with it the rate
 * limit, `onBeforeCall`, authentication and authorization of the alias's route. The request's action
 * ends when the stream is open: a pending one would hold its context, span and bulkhead slot.
 */
export function serveAliases(schema: MergedSchema, gatewayOf: (service: unknown) => Gateway): void {
	const { methods } = schema;
	const original = methods?.aliasHandler;
	if (methods === undefined || typeof original !== "function") throw notAGateway();
	const handler: AliasHandler = async function (request, response, alias) {
		const result = await original.call(this, request, response, alias);
		if (!isStreamAlias(alias)) return result;
		const gateway = gatewayOf(this);
		const opening = gateway.access.openingOf(request) ?? gateway.revocations.begin();
		await gateway.open(request, response, opening);
		// moleculer-web takes null for "not found".
		return true;
	};
	methods.aliasHandler = handler;
}

/**
 * Takes note of each request before any middleware sees it, and when all are done with it: those of the application's route or server may tell who
 * it is from, and what is revoked after that must not open. The connections that they come on end with the node.
 */
export function noteArrivals(schema: MergedSchema, gatewayOf: (service: unknown) => Gateway): void {
	const { methods } = schema;
	const original = methods?.httpHandler;
	if (methods === undefined || typeof original !== "function") throw notAGateway();
	methods.httpHandler = async function (
		this: unknown,
		request: GatewayRequest,
		response: GatewayResponse,
		...rest: unknown[]
	) {
		const gateway = gatewayOf(this);
		gateway.arrived(request, response);
		try {
			return await original.call(this, request, response, ...rest);
		} finally {
			gateway.handled(request, response);
		}
	};
}

/** Tells moleculer-web's own listeners on the response of a stream from the application's. */
export function watchHandling({ methods = {} }: MergedSchema): void {
	const original = methods.routeHandler;
	if (typeof original !== "function") return;
	methods.routeHandler = function (
		this: unknown,
		ctx: unknown,
		route: unknown,
		request: GatewayRequest,
		response: GatewayResponse,
		found?: { alias?: Alias },
		...rest: unknown[]
	) {
		const run = () => original.call(this, ctx, route, request, response, found, ...rest);
		return found?.alias?.type === ALIAS_TYPE ? handle(response, run) : run();
	};
}

function notAGateway(): SseError {
	return new SseError(
		"SSE_INVALID_OPTION",
		"SseMixin needs moleculer-web in the same service: mixins: [SseMixin(), ApiGateway].",
		{ missing: "moleculer-web" }
	);
}

function isAlias(alias: unknown): alias is Alias {
	return typeof alias === "object" && alias !== null && !Array.isArray(alias);
}

/** Whether an alias of moleculer-web streams. */
export function isStreamAlias(alias: Alias): boolean {
	return alias.type === ALIAS_TYPE && streams(alias);
}

function streams(alias: Alias): boolean {
	return !alias.action && !alias.handler;
}

/** A route's path, and those of its aliases. */
function pathsOf({ path = "", aliases = {} }: Route): string[] {
	const own = Object.keys(aliases).map(match => match.split(/\s+/).at(-1) as string);
	return [path, ...own.map(alias => `${path}/${alias}`)];
}

function samePath(a: string, b: string): boolean {
	const trim = (path: string) => path.replace(/^\/+|\/+$/g, "").replace(/\/{2,}/g, "/");
	return trim(a) === trim(b);
}
