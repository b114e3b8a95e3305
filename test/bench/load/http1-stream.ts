import { connect } from "node:net";
import { resetSocket } from "../../support/clients/reset-socket.ts";
import type { OpenStream, StreamTarget } from "./open-stream.ts";

/** One read's bytes; all sockets share it, because each read is processed before the next. */
const memory = Buffer.allocUnsafe(1 << 18);

/** A stream over a raw socket of its own: an HTTP client would be what is measured. */
export function openHttp1Stream(
	{ port, path, localAddress, cookie, gzip }: StreamTarget,
	onBytes: (bytes: Buffer) => void
): Promise<OpenStream> {
	const { promise, resolve, reject } = Promise.withResolvers<OpenStream>();
	let isAnswered = false;
	const socket = connect({
		host: "127.0.0.1",
		port,
		localAddress,
		onread: {
			buffer: memory,
			callback: length => {
				const bytes = memory.subarray(0, length);
				if (!isAnswered) {
					const head = bytes.subarray(0, 12).toString("latin1");
					if (head !== "HTTP/1.1 200") reject(new Error(`a stream was answered with ${head}`));
					isAnswered = true;
					resolve(stream);
				}
				onBytes(bytes);
				return true;
			}
		}
	});
	const stream: OpenStream = {
		get isOpen() {
			return socket.readyState === "open";
		},
		pause: () => socket.pause(),
		breakOff: () => resetSocket(socket)
	};
	socket.on("error", reject);
	socket.on("close", () => reject(new Error("a stream was closed while it was being opened")));
	socket.write(
		`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n` +
			(gzip ? "Accept-Encoding: gzip\r\n" : "") +
			`Cookie: ${cookie}\r\n\r\n`
	);
	return promise;
}
