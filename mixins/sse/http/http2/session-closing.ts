import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { LOOK, MOST_OWING, MOST_STALLED } from "../closing.ts";
import { breakOff, queuedOf, type Socket, socketOf, takenOf } from "../socket.ts";

/** Looks in which the gateway's own streams end. */
const OWN = 4;
/** Looks in a row after which a peer takes nothing of what is left of those, or does not hang up. */
const MOST_IDLE = 6;
const MOST_DONE = 4;
/** The same of a peer that gets answers to other requests, and does not hang up. */
const MOST_DONE_SERVED = 20;

/** Those that are being closed. */
const closing = new WeakSet<ServerHttp2Session>();

/**
 * Closes a session in order; again is harmless. Requests that are still being answered are waited for: without an end
 * as long as the application answers, and for a minute in all as long as the peer takes what is sent to it, or sends its
 * request. A peer that does neither, or has got everything and does not hang up, is broken off.
 */
export function closeSession(
	session: ServerHttp2Session,
	socket: Socket = socketOf(session)
): void {
	if (closing.has(session)) return;
	closing.add(session);
	if (!session.closed && !session.destroyed) session.close();
	if (socket.destroyed) return;
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
		// Of what a socket has sent only that counts which had to wait: answers to PING go past a window that is shut.
		const isMoving =
			moved !== before.moved || (before.sent.queued > 0 && sent.taken !== before.sent.taken);
		const isOwing = sent.queued > 0 || owes(session);
		idle = isOwing && !isMoving ? idle + 1 : 0;
		if (isOwing) owing++;
		// All is answered then, and sent, and only the peer's end of the connection is missing.
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
 * Whether a session waits for its peer: to take what is written, to let it be sent, or to send the rest of a request.
 * nghttp2 does not count what waits behind a window that is shut; the streams have it.
 */
function owes(session: ServerHttp2Session): boolean {
	if (session.destroyed) return false;
	if (session.state.outboundQueueSize !== 0) return true;
	const streams = streamsOf(session);
	// Without a look at them: whoever is waited for, it is not for ever.
	if (streams === undefined) return true;
	for (const stream of streams.values()) {
		if (stream.writableLength > 0 || stream.writableEnded) return true;
		// While the application does not read, the window is shut: then it is not the peer that is waited for.
		const mayIt = isOpen(stream.state) && isOpen(session.state);
		if (!stream.destroyed && stream.state.remoteClose === 0 && mayIt) return true;
	}
	return false;
}

/** Whether the peer may send more. */
function isOpen({ localWindowSize = 1 }: { localWindowSize?: number | undefined }): boolean {
	return localWindowSize > 0;
}

/** Something that changes with all that a session's streams send and get. */
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

/** The requests that are not answered yet; undefined where Node's insides are not the known ones. */
function streamsOf(session: ServerHttp2Session): Map<number, ServerHttp2Stream> | undefined {
	const key = Object.getOwnPropertySymbols(session).find(symbol => symbol.description === "state");
	const state = key && (Reflect.get(session, key) as { streams?: unknown } | undefined);
	const streams = state?.streams as Map<number, ServerHttp2Stream> | undefined;
	// Node's own kind of map, which is no instance of `Map`.
	return typeof streams?.values === "function" ? streams : undefined;
}
