import type { ServerHttp2Session } from "node:http2";

interface Awake {
	streams: number;
	/** The timeout that the server has given the session, in milliseconds; 0 = never. */
	readonly timeout: number;
}

const awake = new WeakMap<ServerHttp2Session, Awake>();

/** A stream has begun on a session: while it is silent, the server's idle timeout would end both. */
export function keepAwake(session: ServerHttp2Session): void {
	const known = awake.get(session);
	if (known !== undefined) {
		known.streams++;
		return;
	}
	const { timeout = 0 } = session as { timeout?: number };
	awake.set(session, { streams: 1, timeout });
	session.setTimeout(0);
}

/** A stream has ended: a session without streams gets its idle timeout back. */
export function letSleep(session: ServerHttp2Session): void {
	const known = awake.get(session);
	if (known === undefined || --known.streams > 0) return;
	awake.delete(session);
	if (!session.destroyed && known.timeout > 0) session.setTimeout(known.timeout);
}
