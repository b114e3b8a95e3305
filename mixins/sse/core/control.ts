import { encodeFrame, type Frame } from "./frame.ts";

/** Why the gateway ended a stream; told in `sse.close` where the stream can still be written. */
export type CloseReason = "timeout" | "drain";

/** Why events may have been missed; told in `sse.reset`. */
export type ResetReason = "unknown";

/** The first frame of a stream. */
export function openFrame(
	eventNames: readonly string[],
	resumed: boolean,
	retry: number | undefined
): Frame {
	return encodeFrame({ event: "sse.open", data: JSON.stringify({ eventNames, resumed }), retry });
}

/** "Events may have been missed: reload your state." */
export function resetFrame(reason: ResetReason): Frame {
	return encodeFrame({ event: "sse.reset", data: JSON.stringify({ reason }) });
}

/** The last frame of a stream that the gateway ends. */
export function closeFrame(reason: CloseReason, retry?: number): Frame {
	return encodeFrame({ event: "sse.close", data: JSON.stringify({ reason }), retry });
}

/** A visible event rather than a comment, so that a page can tell a live stream from a dead one. */
export const HEARTBEAT_FRAME: Frame = encodeFrame({ event: "sse.heartbeat", data: "{}" });
