/** A gateway of a cluster. Its argument: `NodeOptions`. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import { SseMixin } from "../../../mixins/sse/index.ts";
import { answer } from "../process/answer.ts";
import { ownUsage, type Usage, type UsageOptions } from "../process/usage.ts";
import { brokerOptions } from "./node-options.ts";

const broker = new ServiceBroker(brokerOptions());
const gateway = broker.createService({
	name: "api",
	mixins: [SseMixin({ heartbeat: 0, timeout: 0 }), ApiGateway],
	settings: { port: 0, ip: "127.0.0.1" }
}) as unknown as { server: Server };
await broker.start();

/** What is asked of a gateway of a cluster. */
export type GatewayQuestions = {
	port(): number;
	usage(options?: UsageOptions): Usage;
};

const questions: GatewayQuestions = {
	port: () => (gateway.server.address() as AddressInfo).port,
	usage: ownUsage
};

answer(questions);
