import type { ResetReason } from "../core/history/id-order.ts";
import type { ReplayCursor } from "../core/history/replay-cursor.ts";
import type { EndReason } from "../core/metrics/label-values.ts";

/** How the stream of a client that came back began. */
export interface Return {
	/** Position in the history of the first event that is read for it. */
	readonly from: number;
	/** How far its replay has come, and what of it the client already had. */
	readonly cursor: ReplayCursor;
	/** The reason of the reset that the client got instead of a replay, if any. */
	readonly told: ResetReason | undefined;
}

/** How a stream ended. */
export interface Ending {
	/** Position of the first event that arrived too late for it. */
	readonly to: number;
	/** `performance.now()` at which it ended. */
	readonly at: number;
	/** The reason of `sse.close`; for a stream that got none, its {@link EndReason}. */
	readonly reason: string;
	/** Whether its session was revoked, so that its client is not entitled to what it had not taken. */
	readonly isRevoked: boolean;
	/** Position of the first event that was for it and was never written; 0 = none. */
	readonly unwritten: number;
}

/** What a stream remembers for verdicts on events. An open stream has one only if its client came back. */
export class StreamPast {
	return: Return | undefined;
	ending: Ending | undefined;
	/** Position of the first event that was written and never left the process; 0 = none. */
	unsent = 0;
}
