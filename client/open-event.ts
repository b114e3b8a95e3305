import { LONGEST } from "./backoff.ts";

/** What an `sse.open` says (docs/protocol.md, 4.1). */
export interface OpenEvent {
	readonly eventNames: readonly string[];
	readonly resumed: boolean;
	/** Milliseconds; 0 = none. Twice of them is no more than a timer takes. */
	heartbeat: number;
	readonly session?: string;
	readonly groups?: string;
	readonly issued?: boolean;
	readonly degraded?: boolean;
	readonly texts?: readonly string[];
}

let last = "";
let read: OpenEvent;

/** Reads it once for all that ask for it in one turn. */
export function readOpen(data: string): OpenEvent {
	if (data !== last) {
		read = JSON.parse(data);
		read.heartbeat = Math.min(read.heartbeat ?? 0, LONGEST / 2);
		last = data;
	}
	return read;
}
