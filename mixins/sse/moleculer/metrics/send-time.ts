import { readOptions } from "../broadcast/broadcast-options.ts";

/** Where an event carries the time of its sending: in its metadata, because its parameters are a contract. */
interface Meta {
	readonly $sse?: { readonly sent?: unknown } | null;
}

/**
 * The options of a broadcast, with the time at which its event is sent.
 *
 * @param options Moleculer's; it also accepts groups in their place: a name, or several.
 * @param id The event's. Metadata is passed on to events that are sent while this one is handled: by the id a gateway knows
 * whose time it is.
 */
export function withSendTime(options: unknown, id: string): { [option: string]: unknown } {
	const given = readOptions(options);
	try {
		const meta = given.meta as { $sse?: object } | undefined;
		return { ...given, meta: { ...meta, $sse: { ...meta?.$sse, sent: { id, at: Date.now() } } } };
	} catch {
		// The metadata is the sender's own. Whoever sends the event refuses it.
		return given;
	}
}

/**
 * When an event was sent, in milliseconds since 1970, by its sender's clock; undefined if the metadata is not about this event.
 */
export function readSendTime(meta: object, event: unknown): number | undefined {
	const sent = (meta as Meta).$sse?.sent;
	if (typeof sent !== "object" || sent === null) return undefined;
	const { id, at } = sent as { id?: unknown; at?: unknown };
	if (typeof at !== "number" || !Number.isFinite(at)) return undefined;
	return id === (event as { id?: unknown } | null)?.id ? at : undefined;
}
