import type { Alias } from "./alias.ts";
import { isStreamAlias } from "./alias.ts";
import type { MergedSchema } from "./route.ts";

const HEADER = "Last-Event-ID";

/** The part of moleculer-web's CORS settings that is read. */
interface Cors {
	readonly allowedHeaders?: unknown;
	readonly credentials?: unknown;
}

interface WebRoute {
	readonly path?: string;
	readonly cors?: Cors | null;
}

interface WebService {
	readonly settings: { readonly cors?: Cors | null };
	readonly aliases: readonly (Alias & { readonly route?: unknown })[];
	readonly logger: { warn(text: string): void };
}

/**
 * Warns of a route whose streams a page of another origin can open but not resume. A browser first asks whether a page's
 * `fetch` may send `Last-Event-ID`; clients based on `fetch` send it when they come back, and only then.
 */
export function warnOfCors({ methods = {} }: MergedSchema): void {
	const original = methods.createRoute;
	if (typeof original !== "function") return;
	methods.createRoute = function (this: WebService, ...args: unknown[]) {
		const route: WebRoute = original.apply(this, args);
		const streams = this.aliases.some(alias => alias.route === route && isStreamAlias(alias));
		// If that method exists, moleculer-web answers a browser's preflight by the gateway's settings, if they have any.
		const ofAll = typeof methods.corsHandler === "function" ? this.settings.cors : undefined;
		const cors = ofAll || route.cors;
		if (streams && cors && !allows(cors)) {
			const whose = ofAll ? "the gateway's" : "its";
			this.logger.warn(
				`SSE: the route "${route.path}" has streams, and ${whose} "cors.allowedHeaders" lacks "${HEADER}": pages of other ` +
					"origins that stream by fetch cannot come back. Add it, or leave the list out."
			);
		}
		return route;
	};
}

/** Without a list, moleculer-web allows whatever is asked for. */
function allows({ allowedHeaders, credentials }: Cors): boolean {
	if (typeof allowedHeaders !== "string" && !Array.isArray(allowedHeaders)) return true;
	const names = [allowedHeaders].flat().join(",").toLowerCase().split(",");
	return names.some(name => {
		// With credentials, `*` is the name of a header (Fetch, 4.10).
		return name.trim() === HEADER.toLowerCase() || (name.trim() === "*" && credentials !== true);
	});
}
