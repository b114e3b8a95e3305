/** better-sse: one channel, one broadcast per event. */
import { createServer } from "node:http";
import { createChannel, createSession } from "better-sse";
import { listen } from "../listen.ts";
import { serve } from "../serve.ts";

const channel = createChannel();

const server = createServer(async (request, response) => {
	channel.register(await createSession(request, response, { keepAlive: null }));
});

serve({
	port: await listen(server),
	send: payloads => {
		for (const payload of payloads) channel.broadcast(payload, "a");
	}
});
