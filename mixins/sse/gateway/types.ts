import type { Server } from "node:http";
import type { Context, Service, ServiceBroker, ServiceSchema } from "moleculer";
import type { SseSessionId } from "../core/addressing/session-id.ts";
import type { EventsContract } from "../core/event/contract.ts";
import type { GatewaySettings } from "../core/options/gateway-options.ts";
import type { Given } from "../core/options/option-spec.ts";
import type { TicketOptions } from "../core/options/ticket-options.ts";
import type { StreamRequest, StreamResponse } from "../http/connection.ts";
import type { Alias } from "./route/alias.ts";

/** A request as moleculer-web passes it through its pipeline. */
export type SseGatewayRequest = StreamRequest & {
	/** The URL as it arrived; moleculer-web and Express shorten `url` to the part after the route. */
	originalUrl?: string;
	/** Its path without a trailing slash, set when moleculer-web looks for its route. */
	parsedUrl?: string;
	query?: unknown;
	$params?: unknown;
	$ctx?: Context<unknown, Record<string, unknown>> | undefined;
	/** The action of the request's alias, and its endpoint; for a stream, stand-ins for them. */
	$action?: unknown;
	$endpoint?: unknown;
	$route?: {
		logging?: boolean;
		authentication?: unknown;
		authorization?: unknown;
		rateLimit?: { store?: { resetTime?: unknown } };
		onError?: unknown;
	};
	/** Calls what an Express application has after the gateway; undefined without Express. */
	$next?: unknown;
};

export type SseGatewayResponse = StreamResponse & {
	$ctx?: Context<unknown, Record<string, unknown>> | undefined;
};

/** The part of the moleculer-web service that the gateway uses. */
export interface GatewayService {
	readonly logger: Service["logger"];
	readonly broker: ServiceBroker;
	readonly name?: string;
	/** What it was created from, with what its mixins brought. */
	readonly schema?: ServiceSchema;
	readonly version?: string | number;
	/** The service's name with its version. */
	readonly fullName?: string;
	/** Known to all nodes once the service has started. */
	readonly metadata?: Record<string, unknown>;
	/** Includes moleculer-web's settings. */
	readonly settings?: object;
	/** The server that moleculer-web starts and closes; there is none with its setting `server: false`. */
	readonly server?: Server;
	/** Aliases of all routes, as moleculer-web has made them. */
	readonly aliases?: readonly Alias[];
	logResponse?(request: SseGatewayRequest, response: SseGatewayResponse): void;
}

/**
 * The gateway service as its hooks and actions see it: what the mixin adds, and what every service has. It is `this` in the
 * hooks of a route (`onBeforeCall(this: SseGateway, …)`), and in the actions and methods of a
 * `ServiceSchema<ApiSettingsSchema, SseGateway>`.
 */
export interface SseGateway extends Pick<Service, "broker" | "logger" | "name"> {
	/**
	 * Resolves the session of an API request in the same way as a stream's, issues the cookie if sessions use it, and sets
	 * `ctx.meta.sessionId` to the first id. For a route's `onBeforeCall`, which runs before the route's authentication: if
	 * there is any, the session is resolved again afterwards, and `ctx.meta.sessionId` is right when the action runs.
	 *
	 * @returns All ids of the session, or null if there is none, or none yet; `ctx.meta.sessionId` is then unset.
	 * @throws SseError `SSE_INTERNAL` if the resolver fails, unless it is asked again; the log has the reason.
	 */
	sseSession(
		// biome-ignore lint/suspicious/noExplicitAny: the shape of params and meta is the user's
		ctx: Context<any, any>,
		req: SseGatewayRequest,
		res: SseGatewayResponse
	): Promise<readonly string[] | null>;

	/** Whether this gateway accepts new streams: false from the moment at which its node begins to stop. */
	sseReady(): boolean;
}

type Awaitable<T> = T | Promise<T>;

/** A session that ends; its streams end with it, by `sse.close` with reason `expired`. */
export interface ExpiringSession {
	ids: SseSessionId | readonly SseSessionId[];
	/** Milliseconds since 1970, or a Date; a session that has ended counts as none. Default: never. */
	expiresAt?: number | Date;
}

/**
 * Names the ids that a request's streams answer to: session, user, tenant. The first is the caller's own and becomes
 * `ctx.meta.sessionId`, as text. Null, undefined or an empty array refuses with 401. Runs after the route's own authentication
 * (before it as well, if `sseSession` is called there), and again whenever a stream comes back.
 */
export type SessionResolver = (
	// biome-ignore lint/suspicious/noExplicitAny: the shape of params and meta is the user's
	ctx: Context<any, any>,
	req: SseGatewayRequest
) => Awaitable<SseSessionId | readonly SseSessionId[] | ExpiringSession | null | undefined>;

export interface SseStreamAccess {
	sessionIds: readonly string[];
	eventNames: readonly string[];
	req: SseGatewayRequest;
}

/** Whether a stream may be opened; anything but true refuses with 403. */
export type SseAuthorizer = (
	// biome-ignore lint/suspicious/noExplicitAny: the shape of params and meta is the user's
	ctx: Context<any, any>,
	access: SseStreamAccess
) => Awaitable<boolean>;

/** Whether a request may use the inspector; anything but true refuses with 403. */
export type InspectorAuthorizer = (
	// biome-ignore lint/suspicious/noExplicitAny: the shape of params and meta is the user's
	ctx: Context<any, any>,
	req: SseGatewayRequest,
	res: SseGatewayResponse
) => Awaitable<boolean>;

/** The inspector: a page for operators. Null or left out = none. */
export interface InspectorOptions {
	/** Its path, for example `/sse/inspector`. */
	path: string;
	/** `(ctx, req, res) => boolean`: who may use it; anything but `true` refuses with 403. */
	authorize: InspectorAuthorizer;
}

/** The options of `SseMixin`, with their defaults. */
export interface GatewayOptions extends GatewaySettings {
	/**
	 * `(ctx, req) => id | id[] | { ids, expiresAt } | null`: the ids (strings or whole numbers)
	 * that a request answers to, and until when; `null` refuses with 401.
	 * @default the cookie
	 */
	session?: SessionResolver;
	/**
	 * `(ctx, { sessionIds, eventNames, req }) => boolean`: anything but `true` refuses with 403.
	 * @default allow
	 */
	authorize?: SseAuthorizer;
	/**
	 * The event contract, the same in `SseMixin` and `SseMiddleware`.
	 * @default any name
	 */
	events?: EventsContract;
	/**
	 * `{ secret | secrets, expiresIn }`: adds the action `sseTicket`, which gives tickets to pages
	 * that cannot send their credentials. null = none.
	 * @default none
	 */
	ticket?: TicketOptions | null;
	/**
	 * `{ path, authorize }`: a page at `path` that shows operators the gateways at work;
	 * `authorize` is `(ctx, req, res) => boolean`, and anything but `true` refuses with 403.
	 * null = none.
	 * @default none
	 */
	inspector?: InspectorOptions | null;
}

/** The options of `SseMixin`; what is left out keeps its default, in a group such as `buffer` too. */
export interface SseMixinOptions extends Omit<Given<GatewayOptions>, "inspector"> {
	/** See {@link GatewayOptions.inspector}; both of its fields are required. */
	inspector?: InspectorOptions | null;
}

/** Options that are never in `settings`: functions, schemas, secrets. */
export type PrivateOption = "session" | "authorize" | "events" | "ticket" | "inspector";

/** Options that may also be in the gateway service's `settings.sse`: the plain ones. */
export type SseSettings = Omit<SseMixinOptions, PrivateOption>;

declare module "moleculer-web" {
	interface ApiSettingsSchema {
		/** Plain options of `SseMixin`; they override its argument. */
		sse?: SseSettings;
	}
}
