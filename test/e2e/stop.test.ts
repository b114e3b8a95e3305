import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import { SseMiddleware, SseMixin } from "../../mixins/sse/index.ts";
import { RecordedLog } from "../support/gateway/recorded-log.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { spawnNode } from "../support/processes/process.ts";
import { startTcpProxy } from "../support/processes/tcp-proxy.ts";
import { inject } from "../support/provided.ts";

const NODE = fileURLToPath(new URL("../support/fixtures/stopping-node.ts", import.meta.url));

describe("a node that stops over AMQP", () => {
	// amqplib throws if something is published on a channel that is closing. Moleculer catches promises that reject, and not
	// such an error: a heartbeat that was due at that moment ended the process with code 1.
	it("ends gracefully, and without an error, whatever it was about to send by itself", async () => {
		const env = { AMQP_URL: inject("amqpUrl"), NAMESPACE: crypto.randomUUID() };
		const node = spawnNode(NODE, [], { env });
		onTestFinished(() => node.stop());
		await node.waitFor(/closing/);
		expect(await node.exited).toBe("code 0");
		expect(node.output).toBe("closing\nstopped\n");
	});
});

describe("a node whose message broker hangs", () => {
	// Moleculer waits for it for as long as it hangs.
	it.each(["gateway", "sender"])("stops within a few seconds: a %s", async kind => {
		const rabbitmq = new URL(inject("amqpUrl"));
		const proxy = await startTcpProxy(Number(rabbitmq.port || 5672));
		onTestFinished(() => proxy.close());
		const detour = new URL(rabbitmq);
		detour.host = `127.0.0.1:${proxy.port}`;
		const log = new RecordedLog();
		const broker = new ServiceBroker({
			namespace: crypto.randomUUID(),
			transporter: detour.href as never,
			logger: log,
			middlewares: [SseMiddleware()]
		});
		if (kind === "gateway") {
			broker.createService({
				name: "api",
				mixins: [SseMixin(), ApiGateway],
				settings: { port: 0, ip: "127.0.0.1" }
			});
		}
		await broker.start();
		proxy.freeze();
		await broker.stop();
		expect(log.at("warn").join()).toContain("does not disconnect");
		proxy.thaw();
	});
});
