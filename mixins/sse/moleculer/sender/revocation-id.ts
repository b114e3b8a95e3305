import { encodeOrigin, parseId } from "../../core/event/event-id.ts";
import type { RevocationKey } from "../../core/revocation/revocation-key.ts";
import { readOptions } from "../broadcast/broadcast-options.ts";

/** Where an `sse.close` carries its id: in the event's metadata, because its parameters are a contract. */
interface Meta {
	readonly $sse?: { readonly revocation?: unknown } | null;
}

/**
 * The options of a broadcast, with an id for the revocation that it carries.
 *
 * @param options Moleculer's; it also accepts groups in their place: a name, or several.
 * @param id `<origin>.<epoch>.<seq>` of the node that sends it; undefined = it has none, and another revocation's id is not
 * passed on.
 */
export function withRevocationId(
	options: unknown,
	id: string | undefined
): { [option: string]: unknown; meta: { $sse: { revocation?: string | undefined } } } {
	const given = readOptions(options);
	return { ...given, meta: { ...(given.meta as object | undefined), $sse: { revocation: id } } };
}

/** The id in the metadata of an `sse.close`: any value, from any sender. */
export function revocationIdIn(meta: object): unknown {
	return (meta as Meta).$sse?.revocation;
}

/**
 * The id of a revocation, the same on every gateway; undefined if there is none.
 *
 * @param nodeID The node that sent it. Metadata is passed on from an event to those that are sent while it is handled, and on a
 * node without `SseMiddleware` nothing replaces an id that was passed on in this way.
 */
export function readRevocationId(given: unknown, nodeID: string): string | undefined {
	const id = typeof given === "string" ? parseId(given) : undefined;
	if (id === undefined || id.origin !== encodeOrigin(nodeID)) return undefined;
	return `${id.epoch}.${id.seq}`;
}

/** Identifies an `sse.close` from a node, as a whole; undefined if it has no id. */
export function readRevocationKey(meta: object, nodeID: string): RevocationKey | undefined {
	const given = revocationIdIn(meta);
	if (readRevocationId(given, nodeID) === undefined) return undefined;
	return { id: given as string, part: 1, parts: 1 };
}
