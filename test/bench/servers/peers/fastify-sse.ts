/** @fastify/sse: it has no fan-out of its own, so a set of replies is what its users write. */
import { fastifySSE, type SSEReplyInterface } from "@fastify/sse";
import fastify from "fastify";
import { serve } from "../serve.ts";

const app = fastify();
await app.register(fastifySSE, { heartbeatInterval: 0 });

const streams = new Set<SSEReplyInterface>();
app.get("/events", { sse: "only" }, async (_request, reply) => {
	const { sse } = reply;
	sse.keepAlive();
	await sse.send({ event: "open", data: {} });
	streams.add(sse);
	sse.onClose(() => streams.delete(sse));
});
const url = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));

let events = 0;
serve({
	port: Number(url.port),
	send: payloads => {
		for (const data of payloads) {
			const id = String(++events);
			// a stream that has gone rejects
			for (const stream of streams) stream.send({ id, event: "a", data }).catch(() => {});
		}
	}
});
