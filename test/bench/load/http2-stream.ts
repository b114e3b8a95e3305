import { type ClientHttp2Session, connect } from "node:http2";
import type { OpenStream, StreamTarget } from "./open-stream.ts";

/** Streams per connection: what servers commonly allow a browser. */
const STREAMS_PER_CONNECTION = 100;

let session: ClientHttp2Session | undefined;
let streamsOfSession = 0;

/** A stream that shares its connection with others: many streams take few files. */
export function openHttp2Stream(
	{ port, path, cookie, gzip }: StreamTarget,
	onBytes: (bytes: Buffer) => void
): Promise<OpenStream> {
	const { promise, resolve, reject } = Promise.withResolvers<OpenStream>();
	const request = sessionTo(port).request({
		":path": path,
		accept: "text/event-stream",
		cookie,
		...(gzip && { "accept-encoding": "gzip" })
	});
	const stream: OpenStream = {
		get isOpen() {
			return !request.closed && !request.destroyed;
		},
		pause: () => request.pause(),
		breakOff: () => request.session?.destroy()
	};
	request.on("response", ({ ":status": status }) => {
		if (status !== 200) reject(new Error(`a stream was answered with ${status}`));
	});
	request.on("error", reject);
	request.on("close", () => reject(new Error("a stream was closed while it was being opened")));
	request.on("data", (bytes: Buffer) => {
		resolve(stream);
		onBytes(bytes);
	});
	return promise;
}

function sessionTo(port: number): ClientHttp2Session {
	if (session === undefined || streamsOfSession === STREAMS_PER_CONNECTION) {
		session = connect(`http://127.0.0.1:${port}`);
		// its streams are told
		session.on("error", () => {});
		session.setMaxListeners(0);
		streamsOfSession = 0;
	}
	streamsOfSession++;
	return session;
}
