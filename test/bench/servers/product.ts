/**
 * The product, from its source: a moleculer-web gateway with SseMixin, on a node without a transporter.
 * Its arguments, as JSON: options of SseMixin, settings of the gateway, and options of the broker.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import { SseMiddleware, SseMixin } from "../../../mixins/sse/index.ts";
import { serve } from "./serve.ts";

const NO_LIMITS = { streams: 0, opensPerSecond: 0 };
const [options = "{}", settings = "{}", brokerOptions = "{}"] = process.argv.slice(2);

const broker = new ServiceBroker({
	nodeID: "gateway-1",
	logLevel: "warn",
	...JSON.parse(brokerOptions),
	middlewares: [SseMiddleware()]
});
const gateway = broker.createService({
	name: "api",
	// heartbeats would be counted; a stream that ends, or is sent away, would be a loss
	mixins: [
		SseMixin({ heartbeat: 0, timeout: 0, limits: NO_LIMITS, ...JSON.parse(options) }),
		ApiGateway
	],
	settings: { port: 0, ip: "127.0.0.1", ...JSON.parse(settings) }
}) as unknown as { server: Server };
await broker.start();

const send = (sessionId: string, payload: unknown) => {
	broker.broadcast("sse.send", { eventName: "a", sessionId, payload });
};

serve({
	port: (gateway.server.address() as AddressInfo).port,
	send: payloads => {
		for (const payload of payloads) send("*", payload);
	},
	sendTo: send
});
