/** The options of a broadcast that are read here. */
export interface GivenOptions {
	readonly groups?: unknown;
	readonly meta?: unknown;
	readonly headers?: unknown;
	readonly parentCtx?: { readonly meta?: unknown } | null;
	readonly [option: string]: unknown;
}

/** Moleculer also accepts groups in place of the options: a name, or several. */
export function readOptions(given: unknown): GivenOptions {
	if (typeof given === "string" || Array.isArray(given)) return { groups: given };
	return typeof given === "object" && given !== null ? (given as GivenOptions) : {};
}

/** The groups that an event is for, which are names of services; undefined = all listeners. */
export function groupsOf(given: unknown): readonly string[] | undefined {
	const { groups } = readOptions(given);
	// To Moleculer, an empty string is no group.
	if (!groups) return undefined;
	return typeof groups === "string" ? [groups] : (groups as readonly string[] | undefined);
}
