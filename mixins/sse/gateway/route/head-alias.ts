import { isProbe } from "../request/request.ts";
import type { SseGatewayRequest } from "../types.ts";
import type { Alias } from "./alias.ts";
import { isStreamAlias } from "./alias.ts";
import type { MergedSchema } from "./route.ts";

type Found = { readonly alias: Alias } | false | null | undefined;

/**
 * Gives a HEAD the alias that streams to a GET, where the application has no other one for it: moleculer-web takes an alias of
 * `GET /events` for GET alone, and a client whose EventSource has stopped would never learn why.
 */
export function resolveHead({ methods = {} }: MergedSchema): void {
	const original = methods.resolveAlias;
	if (typeof original !== "function") return;
	methods.resolveAlias = function (this: unknown, url: string, method: string) {
		const found: Found = original.call(this, url, method);
		if (method !== "HEAD" || (found && found.alias.method === "HEAD")) return found;
		const ofGet: Found = original.call(this, url, "GET");
		return ofGet && isStreamAlias(ofGet.alias) ? ofGet : found;
	};
}

interface RateLimited {
	readonly rateLimit?: { key(request: SseGatewayRequest): unknown } | undefined;
}

/**
 * Counts a HEAD for a stream apart from the GETs in the rate limit of its route: it has the same limit, and uses up none of
 * theirs (docs/protocol.md, 1.5).
 */
export function countHeadsApart({ methods = {} }: MergedSchema): void {
	const original = methods.createRoute;
	if (typeof original !== "function") return;
	methods.createRoute = function (this: unknown, ...args: unknown[]) {
		const route: RateLimited = original.apply(this, args);
		const { rateLimit } = route;
		if (rateLimit === undefined) return route;
		const { key } = rateLimit;
		rateLimit.key = request => {
			const own = key.call(rateLimit, request);
			const { $alias } = request as { $alias?: Alias };
			return own && isProbe(request) && $alias && isStreamAlias($alias) ? `HEAD ${own}` : own;
		};
		return route;
	};
}
