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
