export interface Alias {
	type?: string;
	name?: string;
	/** Set by moleculer-web once the route is made. */
	fullPath?: string;
	method?: string;
	match?(url: string): object | false;
	action?: unknown;
	handler?: unknown;
}

/** The `type` of an alias that streams. */
export const ALIAS_TYPE = "sse";

/** Whether an alias of moleculer-web streams. */
export function isStreamAlias(alias: Alias): boolean {
	return alias.type === ALIAS_TYPE && !alias.action && !alias.handler;
}
