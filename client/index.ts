import { type ConnectOptions, connectIn, type SseConnection } from "./connect.ts";
import type { Scope } from "./scope.ts";

export type {
	ConnectOptions,
	EndReason,
	OwnEventName,
	ReceivedEvent,
	SseConnection,
	State
} from "./connect.ts";

/**
 * Keeps a stream of events open: comes back whenever it is lost, where it was, and tells by `onReset` if something may have been
 * missed.
 *
 * @param url Of the gateway's streams, `/sse/event-stream` by default.
 */
export function connect(url: string, options: ConnectOptions = {}): SseConnection {
	return connectIn(globalThis as unknown as Scope, url, options);
}
