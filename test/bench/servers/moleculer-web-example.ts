/**
 * moleculer-web's own example of Server-Sent Events, as a pattern: an alias that writes the head, a set of responses per event
 * name, a counter per client as the id, and a message made for each client.
 */
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Context, ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import { serve } from "./serve.ts";

const RETRY = 15_000;

const listeners = new Set<ServerResponse>();
const ids = new WeakMap<ServerResponse, number>();

const broker = new ServiceBroker({ nodeID: "gateway-1", logLevel: "warn" });
const gateway = broker.createService({
	name: "sse.gateway",
	mixins: [ApiGateway],
	settings: {
		port: 0,
		ip: "127.0.0.1",
		routes: [
			{
				path: "/api/chat",
				aliases: {
					"GET message"(_request: unknown, response: ServerResponse): void {
						response.writeHead(200, {
							Connection: "keep-alive",
							"Content-Type": "text/event-stream",
							"Cache-Control": "no-cache"
						});
						// not in the example, whose clients know nothing until the first event
						response.flushHeaders();
						listeners.add(response);
						ids.set(response, 0);
						response.on("close", () => listeners.delete(response));
					}
				}
			}
		]
	},
	events: {
		"chat.sse.message"({ params }: Context): void {
			for (const listener of listeners) {
				const id = ids.get(listener) ?? 0;
				listener.write(
					`event: chat.message\ndata: ${JSON.stringify(params)}\nid: ${id}\nretry: ${RETRY}\n\n`
				);
				ids.set(listener, id + 1);
			}
		}
	}
}) as unknown as { server: Server };
await broker.start();

serve({
	port: (gateway.server.address() as AddressInfo).port,
	send: payloads => {
		for (const payload of payloads) broker.broadcast("chat.sse.message", payload);
	}
});
