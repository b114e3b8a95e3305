/**
 * A gateway whose events are on a RabbitMQ stream, at the address in its environment. `/api/page` is an empty page,
 * `/api/streams` says how many streams are open. Prints `listening` when it serves.
 */
import type { ServerResponse } from "node:http";
import { type Service, ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import type { Gateway } from "../../../mixins/sse/gateway/gateway.ts";
import { SseMiddleware, SseMixin } from "../../../mixins/sse/index.ts";

const { AMQP_URL = "", NAMESPACE = "", NODE_ID = "", HOST = "", PORT = "" } = process.env;

const broker = new ServiceBroker({
	namespace: NAMESPACE,
	nodeID: NODE_ID,
	logLevel: "warn",
	registry: { stopDelay: 0 },
	middlewares: [SseMiddleware({ stream: { url: AMQP_URL } })]
});

const answer = (res: ServerResponse, type: string, text: string): void =>
	void res.setHeader("Content-Type", type).end(text);

const service: Service = broker.createService({
	name: "api",
	// a heartbeat shows that a client has left even if a proxy does not report it; it also prevents the proxies' timeouts
	mixins: [SseMixin({ retry: [100, 300], heartbeat: 3000, drain: 500 }), ApiGateway],
	settings: {
		port: Number(PORT),
		ip: HOST,
		routes: [
			{
				path: "/api",
				aliases: {
					"GET /page": (_req: unknown, res: ServerResponse) =>
						answer(res, "text/html", "<!doctype html><title>streams</title>"),
					"GET /streams": (_req: unknown, res: ServerResponse) =>
						answer(res, "application/json", String(openStreams()))
				}
			}
		]
	}
});

function openStreams(): number {
	const gateway: Gateway = Reflect.get(service, Symbol.for("moleculer-sse.gateway"));
	return gateway.streams.size;
}

process.once("SIGTERM", () => broker.stop().then(() => process.exit(0)));
await broker.start();
console.log("listening");
