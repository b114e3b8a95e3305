import { handle } from "../../http/onlookers.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { Gateway } from "../gateway.ts";
import type { NameRules } from "../request/request.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { Alias } from "./alias.ts";
import { ALIAS_TYPE } from "./alias.ts";
import { readStreamAlias } from "./stream-alias.ts";

/** Name that tells the appended route's alias from the application's. */
export const OWN_ALIAS = "moleculer-sse";
/** Every method, so that others than GET and HEAD are answered with 405. */
const OWN_MATCH = "* /";

interface Route {
	path?: string;
	name?: string;
	aliases?: Record<string, unknown> | null;
	[setting: string]: unknown;
}

/** Routes that are the plugin's own. */
const appended = new WeakSet<object>();

/** The part of a service's schema, after all mixins have been merged, that concerns a gateway. */
export interface MergedSchema {
	settings?: { path?: unknown; routes?: Route[]; sse?: unknown };
	methods?: Record<string, unknown>;
	actions?: Record<string, unknown>;
	started?: Hook | Hook[];
	stopped?: Hook | Hook[];
}

type Hook = (this: never) => unknown;

/** A route of the mixin's own. */
interface OwnRoute {
	/** Name of the option that gives its path. */
	readonly option: "path" | "client" | "inspector";
	readonly path: string;
	readonly aliases: Readonly<Record<string, unknown>>;
}

/** Those that were appended to a schema. */
const ownRoutes = new WeakMap<MergedSchema, OwnRoute[]>();

/**
 * Appends the mixin's own route to a merged schema. It cannot come from settings: Moleculer merges arrays by index, so that it
 * would end up in the user's first route.
 *
 * @throws SseError if the user already has a route of that path, which moleculer-web would replace, or an alias, whose requests
 * this route would take.
 */
export function appendRoute(schema: MergedSchema, path: string): void {
	addRoute(schema, "path", path, { [OWN_MATCH]: { type: ALIAS_TYPE, name: OWN_ALIAS } });
	resolveFirst(schema, OWN_ALIAS);
}

/**
 * Appends a route after those of the application.
 *
 * @throws SseError if there is already a route, or an alias, with that path.
 */
export function addRoute(
	schema: MergedSchema,
	option: OwnRoute["option"],
	path: string,
	aliases: Record<string, unknown>
): void {
	schema.settings ??= {};
	const { settings } = schema;
	const routes = settings.routes ?? [];
	if (routes.some(route => takes(route, path))) {
		const or = option === "path" ? ', or null and an alias { type: "sse" } in your own route' : "";
		throw new SseError(
			"SSE_INVALID_OPTION",
			`SseMixin(): option "${option}" is "${path}", which is already a route of this gateway; give ` +
				`another path${or}.`,
			{ option }
		);
	}
	// moleculer-web adds its default route only if there is none: this one must not displace it.
	if (routes.length === 0) routes.push({ path: "/" });
	const route = { path, bodyParsers: false, mappingPolicy: "restrict", aliases };
	appended.add(route);
	routes.push(route);
	settings.routes = routes;
	ownRoutes.set(schema, [...(ownRoutes.get(schema) ?? []), { option, path, aliases }]);
}

/** Whether a route was appended by {@link addRoute}. @param opts Its settings. */
export function isAppended(opts: object | undefined): boolean {
	return opts !== undefined && appended.has(opts);
}

/**
 * Makes the aliases of an appended route the first to be tried. moleculer-web orders aliases by the depth of their own path,
 * whatever their route's, so that an application's catch-all would take their requests.
 *
 * @param name The aliases' name.
 */
export function resolveFirst({ methods }: MergedSchema, name: string): void {
	const original = methods?.resolveAlias;
	if (methods === undefined || typeof original !== "function") throw notAGateway();
	methods.resolveAlias = function (this: { aliases: Alias[] }, url: string, method: string) {
		for (const alias of this.aliases) {
			const params = alias.name === name && alias.match?.(url);
			if (params) return { alias, params };
		}
		return original.call(this, url, method);
	};
}

/** @throws SseError for an alias that was meant to stream, and cannot. */
export function checkAliases({ settings }: MergedSchema, rules: NameRules): void {
	for (const route of settings?.routes ?? []) checkRoute(route, rules);
}

function checkRoute({ aliases }: Route, rules: NameRules): void {
	for (const [match, alias] of Object.entries(aliases ?? {})) readStreamAlias(match, alias, rules);
}

/** Checks routes that are added later, by `addRoute`, like those of the settings. */
export function checkNewRoutes(schema: MergedSchema, rules: NameRules): void {
	const { methods = {} } = schema;
	const original = methods.createRoute;
	if (typeof original !== "function") return;
	const own = ownRoutes.get(schema) ?? [];
	methods.createRoute = function (this: unknown, route: Route, ...rest: unknown[]) {
		checkRoute(route, rules);
		for (const { option, path, aliases } of own) {
			if (has(route, aliases) || !takes(route, path)) continue;
			throw new SseError(
				"SSE_INVALID_OPTION",
				`The route "${route.path ?? ""}" would take the place of SseMixin's own of the option "${option}", whose path ` +
					`is "${path}"; give one of them another path.`,
				{ option }
			);
		}
		return original.call(this, route, ...rest);
	};
}

/** Whether a route has these aliases of the mixin; Moleculer copies settings, but no functions. */
function has({ aliases }: Route, own: OwnRoute["aliases"]): boolean {
	return Object.entries(own).every(([match, alias]) => {
		const given = aliases?.[match];
		const { name } = alias as Alias;
		return given === alias || (typeof alias === "object" && (given as Alias)?.name === name);
	});
}

/**
 * Notes each request before any middleware sees it, and when all are done with it: middlewares of the application's route or
 * server may identify the client, and what is revoked after that must not open. The requests' connections end with the node.
 */
export function noteArrivals(schema: MergedSchema, gatewayOf: (service: unknown) => Gateway): void {
	const { methods } = schema;
	const original = methods?.httpHandler;
	if (methods === undefined || typeof original !== "function") throw notAGateway();
	methods.httpHandler = async function (
		this: unknown,
		request: SseGatewayRequest,
		response: SseGatewayResponse,
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
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		found?: { alias?: Alias },
		...rest: unknown[]
	) {
		const run = () => original.call(this, ctx, route, request, response, found, ...rest);
		return found?.alias?.type === ALIAS_TYPE ? handle(response, run) : run();
	};
}

export function notAGateway(): SseError {
	return new SseError(
		"SSE_INVALID_OPTION",
		"SseMixin needs moleculer-web in the same service: mixins: [SseMixin(), ApiGateway].",
		{ missing: "moleculer-web" }
	);
}

/** Whether a route, or one of its aliases, has a path. */
function takes({ path = "", aliases }: Route, wanted: string): boolean {
	const own = Object.keys(aliases ?? {}).map(match => match.split(/\s+/).at(-1) as string);
	return [path, ...own.map(alias => `${path}/${alias}`)].some(taken => samePath(taken, wanted));
}

function samePath(a: string, b: string): boolean {
	const trim = (path: string) => path.replace(/^\/+|\/+$/g, "").replace(/\/{2,}/g, "/");
	return trim(a) === trim(b);
}
