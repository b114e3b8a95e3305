import { readFileSync } from "node:fs";
import { describe, expect, it, jest } from "@jest/globals";
import type { Bus } from "../../mixins/sse/bus/bus.ts";
import type { Gateway } from "../../mixins/sse/gateway/gateway.ts";
import { send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import {
	gatewaySchema,
	startGateway,
	startUnfinished,
	TestGateway,
	TestNode
} from "../support/gateway/gateway.ts";
import { HandBus } from "../support/gateway/hand-bus.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { snippetOf } from "../support/markdown.ts";

const { settings } = new Function(
	`return { ${snippetOf(readFileSync("docs/production/limits.md", "utf8"), "health")} };`
)();

const MOLECULER = { kind: "moleculer", connected: true, working: true };

const gatewayOf = (service: unknown): Gateway =>
	Reflect.get(service as object, Symbol.for("moleculer-sse.gateway"));

/** The status and body of an answer. */
async function ask(gateway: TestGateway, what: "ready" | "live"): Promise<unknown> {
	const { status, text } = await send(`${gateway.origin}/health/${what}`);
	return { status, ...JSON.parse(text) };
}

describe("a node, asked at the documentation's URLs", () => {
	it("is ready, and live", async () => {
		const gateway = await startGateway({ settings });
		const good = { status: 200, degraded: false, bus: MOLECULER };
		expect(await ask(gateway, "ready")).toEqual({ ...good, ready: true });
		expect(await ask(gateway, "live")).toEqual({ ...good, live: true });
	});

	it("is answered afresh each time", async () => {
		const gateway = await startGateway({ settings, broker: { cacher: "Memory" } });
		const { headers } = await send(`${gateway.origin}/health/ready`);
		expect(headers["cache-control"]).toBe("no-store");
		await gateway.broker.call("$sse.ready");
		await gateway.broker.stop();
		expect(await gateway.broker.call("$sse.ready")).toMatchObject({ ready: false });
	});

	it("is not ready from the moment at which it begins to stop, and is live until the end", async () => {
		const gateway = await startGateway({ sse: { drain: 60_000 }, settings });
		const streams = await Promise.all(
			Array.from({ length: 20 }, () => openStream(gateway.url("news")))
		);
		const stopped = gateway.broker.stop();
		expect(await ask(gateway, "ready")).toMatchObject({ status: 503, ready: false });
		expect(await ask(gateway, "live")).toMatchObject({ status: 200, live: true });
		for (const stream of streams) stream.close();
		await stopped;
	});

	it("is not ready before it has started", async () => {
		const { gateway, finish } = await startUnfinished({ nodeID: "node-1" });
		expect(await gateway.broker.call("$sse.ready")).toMatchObject({ ready: false });
		await finish();
		expect(await gateway.broker.call("$sse.ready")).toMatchObject({ ready: true });
	});

	it("is not ready while one of its gateways is not", async () => {
		const gateway = await startGateway();
		const other = gateway.broker.createService(
			gatewaySchema({ name: "other", sse: { path: "/o" } })
		);
		await eventually(async () =>
			expect(await gateway.broker.call("$sse.ready")).toMatchObject({ ready: true })
		);
		jest.spyOn(gatewayOf(other), "isReady", "get").mockReturnValue(false);
		expect(await gateway.broker.call("$sse.ready")).toMatchObject({ ready: false });
		await gateway.broker.destroyService(other);
		// a gateway that is gone for good no longer counts
		expect(await gateway.broker.call("$sse.ready")).toMatchObject({ ready: true });
	});

	it("is ready again when it has started again", async () => {
		const gateway = await startGateway();
		await gateway.broker.stop();
		expect(await gateway.broker.call("$sse.ready")).toMatchObject({ ready: false });
		await gateway.broker.start();
		expect(await gateway.broker.call("$sse.ready")).toMatchObject({ ready: true });
	});
});

// Restarting a node does not repair its message broker: it would end all its streams, again and again.
describe("a bus that does not work", () => {
	it("makes a node degraded, not dead", async () => {
		const bus = new HandBus();
		Object.assign(bus.state, { connected: false });
		const gateway = await startGateway({ makeBus: () => bus as unknown as Bus, settings });
		const bad = { status: 200, degraded: true, bus: { ...bus.state, connected: false } };
		const { kind, connected, working } = bad.bus;
		const shown = { ...bad, bus: { kind, connected, working } };
		expect(await ask(gateway, "ready")).toEqual({ ...shown, ready: true });
		expect(await ask(gateway, "live")).toEqual({ ...shown, live: true });
	});

	it("does not exist for a gateway without SseMiddleware", async () => {
		const gateway = await startGateway({ middleware: false, settings });
		expect(await ask(gateway, "ready")).toMatchObject({ ready: true, bus: null });
	});

	it("is also reported by a node that is not a gateway", async () => {
		const node = new TestNode();
		await node.broker.start();
		expect(await node.broker.call("$sse.ready")).toEqual({
			ready: true,
			degraded: false,
			bus: MOLECULER
		});
	});
});

// With the balancer off Moleculer calls every action through the transporter, whatever node answers.
describe.each([
	["by default", {}],
	["without preferLocal", { registry: { preferLocal: false } }],
	["without the balancer", { disableBalancer: true }]
])("among others, %s", (_, options) => {
	it("each node answers for itself, and no call leaves it", async () => {
		const namespace = crypto.randomUUID();
		const start = async (nodeID: string) => {
			const broker = { ...memberOf(namespace, nodeID), ...options };
			const gateway = new TestGateway(new TestNode({ broker }), { settings });
			await gateway.broker.start();
			return gateway;
		};
		const nodes = await Promise.all([start("first"), start("second")]);
		const [first, second] = nodes;
		await meet(first.broker, second.broker);
		// what left the second node would not arrive
		jest.spyOn(gatewayOf(second.service), "isReady", "get").mockReturnValue(false);
		Reflect.set(second.broker.transit ?? {}, "publish", () => new Promise(() => {}));
		for (let n = 0; n < 4; n++) {
			expect(await ask(first, "ready")).toMatchObject({ status: 200, ready: true });
			expect(await ask(second, "ready")).toMatchObject({ status: 503, ready: false });
			expect(await first.broker.call("$sse.ready")).toMatchObject({ ready: true });
			expect(await second.broker.call("$sse.ready")).toMatchObject({ ready: false });
		}
		Reflect.deleteProperty(second.broker.transit ?? {}, "publish");
	});
});
