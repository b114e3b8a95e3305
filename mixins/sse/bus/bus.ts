import type { SseSend } from "../core/event.ts";

/** How the sender of an event wants to hear of a bus that cannot take it; Moleculer's own rule. */
export interface PublishOptions {
	/** True: the promise rejects. Default false: the failure is logged and the promise resolves. */
	throwError?: boolean;
	[option: string]: unknown;
}

/**
 * The way of an event from its sender to every gateway. One bus a broker, made by `SseMiddleware`.
 *
 * A bus
 * - MUST give each event one id, the same on every gateway, before it leaves the sender;
 * - MUST hand every event to every gateway that it can reach, the sending node's own included, and in
 *   the order in which one sender published them;
 * - MUST NOT change, split, join or hold back an event on its way;
 * - MUST end `publish` as Moleculer's own broadcast does, see {@link PublishOptions};
 * - MUST NOT trust what it receives: to a gateway it hands on `unknown`, which the gateway validates.
 */
export interface Bus {
	/** @param event Validated. */
	publish(event: SseSend, options?: PublishOptions): Promise<unknown>;
}
