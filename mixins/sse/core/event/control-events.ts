import type { ResetReason } from "../history/id-order.ts";
import { encodeFrame, type Frame } from "./frame.ts";
import { Slab } from "./slab.ts";

/** These frames are written and done with; among events, they would hold slabs for as long as events are kept. */
const PASSING = new Slab();

/** Why the gateway ended a stream; told in `sse.close` where the stream can still be written. */
export type CloseReason = OwnCloseReason | "unavailable" | RevokedBy;

/** Why the gateway ends a stream of its own accord. */
export type OwnCloseReason = "timeout" | "drain" | "expired" | "limit";

/** What a service gave as its reason, `revoked` by default. */
export type RevokedBy = string & {};

export interface OpenOptions {
	retry?: number | undefined;
	position?: string | undefined;
	/** Default false, and then not written. */
	degraded?: boolean;
	/** Milliseconds of silence after which `sse.heartbeat` comes; 0 and undefined: never, and nothing is written. */
	heartbeat?: number;
	/** What tells the client whether two streams are of one session; not the session's id. */
	session?: string;
}

/**
 * The first frame of a stream.
 *
 * @param degraded The gateway does not hear the other nodes now: what they send comes late, or is lost
 * and told.
 * @param position What a stream that starts here need not be told again; the client comes back with it
 * even if no event of its own came meanwhile.
 */
export function openFrame(
	eventNames: readonly string[],
	resumed: boolean,
	{ retry, position, degraded = false, heartbeat = 0, session }: OpenOptions = {}
): Frame {
	const data = JSON.stringify({
		eventNames,
		resumed,
		...(degraded && { degraded }),
		...(heartbeat > 0 && { heartbeat }),
		session
	});
	return encodeFrame({ event: "sse.open", data, retry, position }, PASSING);
}

/**
 * "Events may have been missed: reload your state."
 *
 * @param position What the client has been told about; in one frame with the telling, so that it has
 * both or neither.
 */
export function resetFrame(reason: ResetReason, position?: string): Frame {
	return encodeFrame({ event: "sse.reset", data: JSON.stringify({ reason }), position }, PASSING);
}

/** The news that a client may have missed something, and why. */
export interface Reset {
	readonly reason: ResetReason;
	readonly frame: Frame;
}

/** @param position As of {@link resetFrame}. */
export function resetOf(reason: ResetReason, position?: string): Reset {
	return { reason, frame: resetFrame(reason, position) };
}

/** The last frame of a stream that the gateway ends. */
export function closeFrame(reason: CloseReason, retry?: number): Frame {
	return encodeFrame({ event: "sse.close", data: JSON.stringify({ reason }), retry }, PASSING);
}

/**
 * A visible event rather than a comment, so that a page can tell a live stream from a dead one.
 *
 * @param position What a silent stream has seen everything up to: its place must not grow old.
 */
export function heartbeatFrame(position?: string): Frame {
	return encodeFrame({ event: "sse.heartbeat", data: "{}", position }, PASSING);
}
