/**
 * Control row: no HTTP server at all. A tick's events are framed once, as one chunk of HTTP/1.1, and the same bytes are written
 * to every socket: the cost of Node's sockets themselves.
 */
import { createServer, type Socket } from "node:net";
import { frameOf } from "./frame.ts";
import { listen } from "./listen.ts";
import { serve } from "./serve.ts";

const HEAD =
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
	"d\r\nretry: 3000\n\n\r\n";

const streams = new Set<Socket>();

const server = createServer(socket => {
	socket.setNoDelay(true);
	socket.on("error", () => {});
	socket.on("close", () => streams.delete(socket));
	socket.once("data", () => {
		socket.write(HEAD);
		streams.add(socket);
	});
});

serve({
	port: await listen(server),
	send: payloads => {
		const frames = Buffer.concat(payloads.map(frameOf));
		const size = Buffer.from(`${frames.length.toString(16)}\r\n`);
		const chunk = Buffer.concat([size, frames, Buffer.from("\r\n")]);
		for (const stream of streams) stream.write(chunk);
	}
});
