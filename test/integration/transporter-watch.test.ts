import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import type { ServiceBroker } from "moleculer";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { gatewaySchema, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { memberOf } from "../support/gateway/meet.ts";

const degraded = async (gateway: TestGateway) => {
	const stream = await openStream(gateway.url("news"));
	stream.close();
	return (stream.received("sse.open")[0] as { degraded?: boolean }).degraded === true;
};

/** What Moleculer uses of a transporter's client and channel, as far as it is read. */
function equip({ transit }: ServiceBroker, what: object): void {
	Object.assign(transit?.tx as object, what);
}

// Only the middleware made a node watch its connection. A gateway without it considered itself connected while NATS was away,
// and clients moved past what was sent then; one whose channel RabbitMQ had closed stayed deaf for ever.
describe.each([
	["without the middleware", false],
	["with both halves", true]
])("a gateway %s", (which, middleware) => {
	it("notices from NATS's client that its connection is lost, and that it is back", async () => {
		const node = new TestNode({ middleware, broker: memberOf(`nats-${which}`, "gw") });
		const states = new PassThrough({ objectMode: true });
		equip(node.broker, { client: { status: () => states } });
		const gateway = new TestGateway(node);
		await node.broker.start();
		await eventually(async () => expect(await degraded(gateway)).toBe(false));
		states.write({ type: "disconnect" });
		await eventually(async () => expect(await degraded(gateway)).toBe(true));
		states.write({ type: "reconnect" });
		await eventually(async () => expect(await degraded(gateway)).toBe(false));
	});

	// Moleculer 0.14.12 creates another client each time it reconnects to Redis. A late message of one of them made a node
	// consider itself connected while Redis was away.
	it.each(["clientSub", "clientPub"])(
		"notices from Redis's %s that there is no connection",
		async name => {
			const node = new TestNode({ middleware, broker: memberOf(`redis-${name}-${which}`, "gw") });
			const client = { status: "ready" };
			equip(node.broker, { [name]: client });
			const gateway = new TestGateway(node);
			await node.broker.start();
			await eventually(async () => expect(await degraded(gateway)).toBe(false));
			for (const status of ["close", "reconnecting", "connecting"]) {
				client.status = status;
				expect(await degraded(gateway)).toBe(true);
			}
			client.status = "ready";
			await eventually(async () => expect(await degraded(gateway)).toBe(false));
		}
	);

	it("closes the connection once whose channel is closed, however often it is reloaded", async () => {
		const node = new TestNode({ middleware, broker: memberOf(`amqp-${which}`, "gw") });
		const gateway = new TestGateway(node);
		await node.broker.start();
		await node.broker.destroyService(gateway.service);
		node.broker.createService(gatewaySchema());
		const close = jest.fn(async () => {});
		equip(node.broker, { channel: null, connection: { close } });
		node.broker.localBus.emit("$transporter.error", {});
		await turn();
		await turn();
		expect(close).toHaveBeenCalledTimes(1);
		equip(node.broker, { channel: {}, connection: undefined });
	});
});

describe("a gateway that is created when its node is connected", () => {
	it("notices changes of the existing connection", async () => {
		const node = new TestNode({ middleware: false, broker: memberOf("nats-late", "gw") });
		const states = new PassThrough({ objectMode: true });
		equip(node.broker, { client: { status: () => states } });
		await node.broker.start();
		const gateway = new TestGateway(node);
		await eventually(() => expect(gateway.service.server?.listening).toBe(true));
		states.write({ type: "disconnect" });
		await eventually(async () => expect(await degraded(gateway)).toBe(true));
	});
});
