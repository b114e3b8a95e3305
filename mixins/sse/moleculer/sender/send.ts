import type { SseSessionId } from "../../core/addressing/session-id.ts";
import { SEND } from "../../core/event/event.ts";

/**
 * The payload of each event name. Empty until an application adds to it:
 *
 * ```ts
 * declare module "moleculer-sse" {
 * 	interface SseEvents {
 * 		"order-update": { status: "open" | "paid" };
 * 	}
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be augmented
export interface SseEvents {}

/** The names of {@link SseEvents}; any name while it is empty. */
export type SseEventName = keyof SseEvents extends never ? string : keyof SseEvents & string;

/** The payload that goes with an event name. */
export type SsePayload<Name> = Name extends keyof SseEvents ? SseEvents[Name] : unknown;

/**
 * The events of a contract that are texts, for {@link SseEvents}: their payloads are strings.
 *
 * ```ts
 * declare module "moleculer-sse" {
 * 	interface SseEvents extends SseTextEvents<typeof events> {}
 * }
 * ```
 */
export type SseTextEvents<Events> = {
	[Name in keyof Events as Events[Name] extends { readonly as: "text" } ? Name : never]: string;
};

/** An event whose payload fits its name. */
export interface TypedSend<Name extends SseEventName> {
	eventName: Name;
	sessionId: SseSessionId | readonly SseSessionId[];
	payload: SsePayload<Name>;
}

/** What can send: a context, or a broker. */
interface Sender {
	// biome-ignore lint/suspicious/noExplicitAny: contexts and brokers type their options differently
	broadcast(eventName: string, payload: unknown, options?: any): Promise<unknown>;
}

/**
 * `ctx.broadcast("sse.send", event)` with the payload tied to the event's name by {@link SseEvents}: a wrong one does not
 * compile.
 *
 * @param options Options of `broadcast`.
 */
export function sseSend<Name extends SseEventName>(
	ctx: Sender,
	event: TypedSend<Name>,
	options?: { throwError?: boolean; [option: string]: unknown }
): Promise<unknown> {
	// Returned as it is: whether it is awaited decides who hears of a wrong event.
	return ctx.broadcast(SEND, event, options);
}
