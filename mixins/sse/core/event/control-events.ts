import type { ResetReason } from "../history/id-order.ts";
import { encodeFrame, type Frame } from "./frame.ts";
import { Slab } from "./slab.ts";

/** These frames are written and not kept; among events, they would keep slabs alive for as long as events are kept. */
const PASSING = new Slab();

/** Why the gateway ended a stream; sent in `sse.close` if the stream can still be written. */
export type CloseReason = OwnCloseReason | "unavailable" | RevokedBy;

/** Why the gateway ends a stream of its own accord. */
export type OwnCloseReason = "timeout" | "drain" | "expired" | "limit";

/** The reason that a service gave; `revoked` by default. */
export type RevokedBy = string & {};

export interface OpenOptions {
	retry?: number | undefined;
	position?: string | undefined;
	/** Default false, and then not written. */
	degraded?: boolean;
	/** Milliseconds of silence after which `sse.heartbeat` is sent; 0 and undefined: never, and nothing is written. */
	heartbeat?: number;
	/** Tells the client whether two streams are of one session; not the session's id. */
	session?: string;
	/** Tells the client whether two streams of one session get the same; undefined: the session has one id. */
	groups?: string | undefined;
	/** Whether the session was made with this stream, and nobody has come with it yet; default false, and then not written. */
	issued?: boolean | undefined;
	/** The events of the stream whose payload is a text; none: nothing is written. */
	texts?: readonly string[];
}

/**
 * The first frame of a stream.
 *
 * @param degraded The gateway does not hear the other nodes now: what they send arrives late, or is lost and reported.
 * @param position A resume token for what a stream that starts here need not be told again; the client comes back with it even
 * if no event of its own arrived meanwhile.
 */
export function openFrame(
	eventNames: readonly string[],
	resumed: boolean,
	{
		retry,
		position,
		degraded = false,
		heartbeat = 0,
		session,
		groups,
		issued = false,
		texts = []
	}: OpenOptions = {}
): Frame {
	const data = JSON.stringify({
		eventNames,
		resumed,
		...(degraded && { degraded }),
		...(heartbeat > 0 && { heartbeat }),
		session,
		groups,
		...(issued && { issued }),
		...(texts.length > 0 && { texts })
	});
	return encodeFrame({ event: "sse.open", data, retry, position }, PASSING);
}

/**
 * "Events may have been missed: reload your state."
 *
 * @param position A resume token for what the client has been told about; in the same frame, so that it gets both or neither.
 */
export function resetFrame(reason: ResetReason, position?: string): Frame {
	return encodeFrame({ event: "sse.reset", data: JSON.stringify({ reason }), position }, PASSING);
}

/** Tells a client that it may have missed something, and why. */
export interface Reset {
	readonly reason: ResetReason;
	readonly frame: Frame;
}

/** @param position See {@link resetFrame}. */
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
 * @param position A resume token up to which a silent stream has seen everything: its place must not expire.
 */
export function heartbeatFrame(position?: string): Frame {
	return encodeFrame({ event: "sse.heartbeat", data: "{}", position }, PASSING);
}
