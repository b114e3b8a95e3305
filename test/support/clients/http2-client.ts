import {
	type ClientHttp2Session,
	type ClientSessionOptions,
	connect,
	type IncomingHttpHeaders,
	type OutgoingHttpHeaders
} from "node:http2";
import { onTestFinished } from "../on-test-finished.ts";
import { TLS } from "../tls.ts";
import { cookieOf } from "./request.ts";
import { StreamClient } from "./stream-client.ts";

/** An HTTP/2 connection, cleartext or TLS by the origin's scheme; it is closed when the test ends. */
export function connectHttp2(
	origin: string,
	options: Pick<ClientSessionOptions, "settings"> = {}
): ClientHttp2Session {
	const session = connect(origin, { ca: TLS.cert, ...options });
	// tests look at what its streams are told
	session.on("error", () => {});
	onTestFinished(() => session.destroy());
	return session;
}

/** Sends a request over an HTTP/2 connection; resolves when the head has arrived. */
export function requestHttp2(
	session: ClientHttp2Session,
	url: string,
	options: { session?: string; headers?: OutgoingHttpHeaders } = {}
): Promise<StreamClient> {
	const { promise, resolve, reject } = Promise.withResolvers<StreamClient>();
	const { pathname, search } = new URL(url);
	const cookie = options.session === undefined ? {} : { cookie: cookieOf(options.session) };
	const stream = session.request({ ":path": pathname + search, ...cookie, ...options.headers });
	stream.on("error", reject);
	stream.on("response", (headers: IncomingHttpHeaders & { ":status"?: number }) => {
		const { ":status": status = 0, ...rest } = headers;
		resolve(new StreamClient(status, rest, stream, () => stream.close()));
	});
	return promise;
}

/** Opens a stream over an HTTP/2 connection; resolves when its first event has arrived. */
export async function openHttp2Stream(
	session: ClientHttp2Session,
	url: string,
	options?: { session?: string; headers?: OutgoingHttpHeaders }
): Promise<StreamClient> {
	const stream = await requestHttp2(session, url, options);
	await stream.next("sse.open");
	return stream;
}
