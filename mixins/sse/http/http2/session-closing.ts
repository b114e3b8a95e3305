import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { LOOK, MOST_OWING, MOST_STALLED } from "../closing-limits.ts";
import { breakOff, queuedOf, type Socket, socketOf, takenOf } from "../socket.ts";

/** Checks within which the gateway's own streams end. */
const OWN = 4;
/** Consecutive checks after which a peer counts as taking nothing of what is left of those, or as not hanging up. */
const MOST_IDLE = 6;
const MOST_DONE = 4;
/** The same for a peer that gets answers to other requests, and does not hang up. */
const MOST_DONE_SERVED = 20;

/** Sessions that are being closed. */
const closing = new WeakSet<ServerHttp2Session>();

/**
 * Closes a session gracefully; calling this again is harmless. Requests that are still being answered are waited for: without
 * limit while the application answers, and for a minute in all while the peer takes what is sent to it, or sends its request.
 * The connection of a peer that does neither, or has got everything and does not hang up, is broken off.
 */
export function closeSession(
	session: ServerHttp2Session,
	socket: Socket | undefined = socketOf(session)
): void {
	if (closing.has(session)) return;
	closing.add(session);
	if (!session.closed && !session.destroyed) session.close();
	if (socket === undefined || socket.destroyed) return;
	let sent = sentOn(socket);
	let moved = movedOn(session);
	let looks = 0;
	let idle = 0;
	let owing = 0;
	let done = 0;
	let serves = false;
	const timer = setInterval(() => {
		const before = { sent, moved };
		sent = sentOn(socket);
		moved = movedOn(session);
		if (++looks > OWN) serves ||= (streamsOf(session)?.size ?? 0) > 0;
		// Only bytes that had to wait count as progress: answers to PING are sent even if the flow-control window is closed.
		const isMoving =
			moved !== before.moved || (before.sent.queued > 0 && sent.taken !== before.sent.taken);
		const isOwing = sent.queued > 0 || owes(session);
		idle = isOwing && !isMoving ? idle + 1 : 0;
		if (isOwing) owing++;
		// Then everything is answered and sent, and only the peer's end of the connection is missing.
		done = session.destroyed && sent.queued === 0 ? done + 1 : 0;
		const isOver =
			idle >= (serves ? MOST_STALLED : MOST_IDLE) ||
			done >= (serves ? MOST_DONE_SERVED : MOST_DONE) ||
			owing >= MOST_OWING;
		if (isOver) breakOff(socket);
	}, LOOK);
	socket.once("close", () => clearInterval(timer));
}

function sentOn(socket: Socket): { taken: number; queued: number } {
	return { taken: takenOf(socket), queued: queuedOf(socket) };
}

/**
 * Whether a session waits for its peer: to take what is written, to open the flow-control window, or to send the rest of a
 * request. nghttp2 does not count what waits for a closed window; the streams hold it.
 */
function owes(session: ServerHttp2Session): boolean {
	if (session.destroyed) return false;
	if (session.state.outboundQueueSize !== 0) return true;
	const streams = streamsOf(session);
	// They cannot be examined, or there are none and a part of a request's head has arrived, which nghttp2 alone knows. The peer
	// counts as owing, for which there is a limit.
	if (streams === undefined || streams.size === 0) return true;
	for (const stream of streams.values()) {
		if (stream.writableLength > 0 || stream.writableEnded) return true;
		// While the application does not read, the window is closed, and it is not the peer that is waited for.
		const mayIt = isOpen(stream.state) && isOpen(session.state);
		if (!stream.destroyed && stream.state.remoteClose === 0 && mayIt) return true;
	}
	return false;
}

/** Whether the peer may send more. */
function isOpen({ localWindowSize = 1 }: { localWindowSize?: number | undefined }): boolean {
	return localWindowSize > 0;
}

/** A value that changes with everything that a session's streams send or receive. */
function movedOn(session: ServerHttp2Session): string {
	if (session.destroyed) return "";
	const { remoteWindowSize, localWindowSize, effectiveRecvDataLength } = session.state;
	const streams = [...(streamsOf(session)?.values() ?? [])];
	const unsent = streams.reduce((sum, { writableLength }) => sum + writableLength, 0);
	return [
		remoteWindowSize,
		localWindowSize,
		effectiveRecvDataLength,
		streams.length,
		unsent
	].join();
}

/** The requests that are not answered yet; undefined if Node's internals are not the known ones. */
function streamsOf(session: ServerHttp2Session): Map<number, ServerHttp2Stream> | undefined {
	const key = Object.getOwnPropertySymbols(session).find(symbol => symbol.description === "state");
	const state = key && (Reflect.get(session, key) as { streams?: unknown } | undefined);
	const streams = state?.streams as Map<number, ServerHttp2Stream> | undefined;
	// Node's own kind of map, which is not an instance of `Map`.
	return typeof streams?.values === "function" ? streams : undefined;
}
