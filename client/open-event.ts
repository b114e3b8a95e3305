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

/** Of the stream that a tab has, or follows: nothing but names, of which there are none, before there is one. */
export type Opened = Pick<OpenEvent, "eventNames"> & Partial<OpenEvent>;

export function readOpen(data: string): OpenEvent {
	const said: OpenEvent = JSON.parse(data);
	said.heartbeat = Math.min(said.heartbeat ?? 0, LONGEST / 2);
	return said;
}
