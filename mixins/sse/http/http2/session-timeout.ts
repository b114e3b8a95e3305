import type { ServerHttp2Session } from "node:http2";

interface Awake {
	streams: number;
	/** What the server has given the session: milliseconds, 0 = never. */
	readonly timeout: number;
}

const awake = new WeakMap<ServerHttp2Session, Awake>();

/** A stream has begun on a session: a server's idle timeout would end it, and the session, when it is silent. */
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

/** It has ended: a session that streams no more is like any other. */
export function letSleep(session: ServerHttp2Session): void {
	const known = awake.get(session);
	if (known === undefined || --known.streams > 0) return;
	awake.delete(session);
	if (!session.destroyed && known.timeout > 0) session.setTimeout(known.timeout);
}
