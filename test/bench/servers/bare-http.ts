/** Control row: `node:http` alone. An event is encoded once and passed to `res.write` of each stream. */
import { createServer, type ServerResponse } from "node:http";
import { frameOf } from "./frame.ts";
import { listen } from "./listen.ts";
import { serve } from "./serve.ts";

const streams = new Set<ServerResponse>();
const sessions = new Map<string, ServerResponse>();

const server = createServer((request, response) => {
	const [, session = ""] = /sid=(\w+)/.exec(request.headers.cookie ?? "") ?? [];
	response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
	response.write("retry: 3000\n\n");
	streams.add(response);
	sessions.set(session, response);
	response.on("close", () => {
		streams.delete(response);
		sessions.delete(session);
	});
});

serve({
	port: await listen(server),
	send: payloads => {
		for (const payload of payloads) {
			const frame = frameOf(payload);
			for (const stream of streams) stream.write(frame);
		}
	},
	sendTo: (session, payload) => sessions.get(session)?.write(frameOf(payload))
});
