import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import { SseMiddleware, SseMixin } from "../../mixins/sse/index.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { forward } from "../support/processes/forwarder.ts";
import { freePort } from "../support/processes/ports.ts";
import { startTcpProxy } from "../support/processes/tcp-proxy.ts";
import { inject } from "../support/provided.ts";

/** Milliseconds after which Moleculer tries to connect again. */
const AGAIN = 5000;

/** A gateway whose way to RabbitMQ is still closed, and a node that would see it. */
async function createStage() {
	const port = await freePort();
	const rabbitmq = new URL(inject("amqpUrl"));
	const detour = new URL(rabbitmq);
	detour.host = `127.0.0.1:${port}`;
	const namespace = crypto.randomUUID();
	const gateway = new ServiceBroker({
		nodeID: "gateway",
		namespace,
		transporter: detour.href as never,
		logger: false,
		middlewares: [SseMiddleware()]
	});
	gateway.createService({
		name: "api",
		mixins: [SseMixin(), ApiGateway],
		settings: { port: 0, ip: "127.0.0.1" }
	});
	const watcher = new ServiceBroker({
		nodeID: "watcher",
		namespace,
		transporter: rabbitmq.href as never,
		logger: false
	});
	await watcher.start();
	onTestFinished(() => watcher.stop());
	const open = () =>
		forward(port, { host: rabbitmq.hostname, port: Number(rabbitmq.port || 5672) });
	const isSeen = async (): Promise<boolean> => {
		const nodes: { id: string; available: boolean }[] = await watcher.call("$node.list");
		return nodes.some(({ id, available }) => id === "gateway" && available);
	};
	return { gateway, open, isSeen };
}

describe("a gateway that is created when its broker has connected already", () => {
	// It took the reconnect for one after a stop, and left the cluster for ever.
	it("takes part again after its connection was lost", async () => {
		const rabbitmq = new URL(inject("amqpUrl"));
		const proxy = await startTcpProxy(Number(rabbitmq.port || 5672));
		onTestFinished(() => proxy.close());
		const detour = new URL(rabbitmq);
		detour.host = `127.0.0.1:${proxy.port}`;
		const namespace = crypto.randomUUID();
		const common = { namespace, logger: false, middlewares: [SseMiddleware()] };
		const gateway = new ServiceBroker({
			...common,
			nodeID: "gateway",
			transporter: detour.href as never
		});
		const sender = new ServiceBroker({
			...common,
			nodeID: "sender",
			transporter: rabbitmq.href as never
		});
		await Promise.all([gateway.start(), sender.start()]);
		onTestFinished(() => Promise.all([gateway.stop(), sender.stop()]).then(() => {}));
		const heard: unknown[] = [];
		gateway.createService({
			name: "api",
			mixins: [SseMixin(), ApiGateway],
			settings: { port: 0, ip: "127.0.0.1" },
			events: { news: ctx => void heard.push(ctx.params) }
		});
		await sender.waitForServices("api");

		proxy.down();
		await sleep(500);
		proxy.up();
		await eventually(
			async () => {
				await sender.broadcast("news", 1);
				expect(heard.length).toBeGreaterThan(0);
			},
			{ timeout: 3 * AGAIN }
		);
		await sleep(1000);
		await sender.broadcast("news", 2);
		await eventually(() => expect(heard.at(-1)).toBe(2), { timeout: 3000 });
	});
});

describe("a gateway that is stopped before its transporter has ever connected", () => {
	// It connected later, and announced its services: other gateways waited for its answers for as long as the process lived.
	it("does not connect afterwards", async () => {
		const { gateway, open, isSeen } = await createStage();
		await gateway.start();
		await gateway.stop();
		const count = await open();
		await sleep(AGAIN + 2000);
		expect(count()).toBe(0);
		expect(await isSeen()).toBe(false);
	});

	it("connects once, and for good, if it is started again", async () => {
		const { gateway, open, isSeen } = await createStage();
		await gateway.start();
		await gateway.stop();
		await gateway.start();
		onTestFinished(() => gateway.stop());
		const count = await open();
		await eventually(async () => expect(await isSeen()).toBe(true), { timeout: 3 * AGAIN });
		await sleep(AGAIN + 2000);
		expect(count()).toBe(1);
		await gateway.stop();
		await eventually(() => expect(count()).toBe(0));
		expect(await isSeen()).toBe(false);
	});
});
