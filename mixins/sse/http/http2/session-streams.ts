import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";

/** The requests that are not answered yet; undefined if Node's internals are not the known ones. */
export function streamsOf(session: ServerHttp2Session): Map<number, ServerHttp2Stream> | undefined {
	const key = Object.getOwnPropertySymbols(session).find(symbol => symbol.description === "state");
	const state = key && (Reflect.get(session, key) as { streams?: unknown } | undefined);
	const streams = state?.streams as Map<number, ServerHttp2Stream> | undefined;
	// Node's own kind of map, which is not an instance of `Map`.
	return typeof streams?.values === "function" ? streams : undefined;
}

/** Whether a session carries nothing but one stream. */
export function isAlone(stream: ServerHttp2Stream, session: ServerHttp2Session): boolean {
	const streams = streamsOf(session);
	return streams?.size === 1 && streams.get(stream.id as number) === stream;
}
