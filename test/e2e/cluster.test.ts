import { describe, expect, it } from "@jest/globals";
import { type Client, connect } from "../support/clients/client.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import {
	type Cluster,
	createCluster,
	type GatewayNode,
	knows
} from "../support/processes/cluster.ts";
import { forward } from "../support/processes/forwarder.ts";
import { startNginx } from "../support/processes/nginx.ts";
import { freePort } from "../support/processes/ports.ts";
import { inject } from "../support/provided.ts";

/** Two gateways in processes of their own, behind nginx, which alternates between them. */
async function behindNginx(
	cluster: Cluster
): Promise<{ url: string; gateways: readonly GatewayNode[] }> {
	const gateways = await Promise.all([cluster.gateway("gateway-1"), cluster.gateway("gateway-2")]);
	const nginx = await startNginx(
		inject("programs").nginx,
		gateways.map(gateway => gateway.port)
	);
	onTestFinished(() => nginx.stop());
	return { url: nginx.url, gateways };
}

const numbers = (client: Client) => client.events.map(event => (event.data as { n: number }).n);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("two gateways behind nginx, and a business node that is neither", () => {
	it("deliver to each session its own events, all of them, in order, and nobody else's", async () => {
		const cluster = createCluster();
		const { url, gateways } = await behindNginx(cluster);
		const business = await cluster.sender("business", gateways);
		// One after the other, so that nginx puts A and C on one gateway and B on the other.
		const a = await connect(url, "A", ["order-update"]);
		const b = await connect(url, "B", ["order-update"]);
		const c = await connect(url, "C", ["order-update"]);
		expect(a.node).toBe(c.node);
		expect(new Set([a.node, b.node])).toEqual(new Set(["gateway-1", "gateway-2"]));

		const count = 300;
		for (const n of upTo(count)) {
			for (const sessionId of ["A", "B", "C"]) {
				const payload = { n, for: sessionId };
				await business.broadcast("sse.send", { eventName: "order-update", sessionId, payload });
			}
			// An event for nobody, and one with a name that nobody listens to, disturb nobody.
			await business.broadcast("sse.send", {
				eventName: "order-update",
				sessionId: "D",
				payload: n
			});
			await business.broadcast("sse.send", { eventName: "other", sessionId: "A", payload: n });
		}

		for (const [client, session] of [
			[a, "A"],
			[b, "B"],
			[c, "C"]
		] as const) {
			await eventually(() => expect(client.events).toHaveLength(count), { timeout: 15_000 });
			expect(client.events.map(event => event.data)).toEqual(
				upTo(count).map(n => ({ n, for: session }))
			);
		}
	});

	it("deliver each event to a session with streams on both, under one id", async () => {
		const cluster = createCluster();
		const { url, gateways } = await behindNginx(cluster);
		const business = await cluster.sender("business", gateways);
		const first = await connect(url, "A", ["notifications"]);
		const second = await connect(url, "A", ["notifications", "price"]);
		expect(first.node).not.toBe(second.node);

		for (const n of upTo(20)) {
			const sessionId = n % 2 === 0 ? "A" : ["A", "Z"];
			await business.broadcast("sse.send", {
				eventName: "notifications",
				sessionId,
				payload: { n }
			});
		}
		await business.broadcast("sse.send", {
			eventName: "price",
			sessionId: "*",
			payload: { n: 20 }
		});

		await eventually(() => expect(second.events).toHaveLength(21));
		await eventually(() => expect(first.events).toHaveLength(20));
		expect(first.events).toEqual(second.events.slice(0, 20));
		expect(first.events[0]?.id).toMatch(/^business\.[0-9a-z]{8}\.\d+$/);
		expect(new Set(second.events.map(event => event.id)).size).toBe(21);
	});

	it("reach a stream whoever sends: a business node, its own gateway, the other gateway", async () => {
		const cluster = createCluster();
		const { url, gateways } = await behindNginx(cluster);
		const [one, two] = await Promise.all([
			cluster.sender("business-1", gateways),
			cluster.sender("business-2", gateways)
		]);
		const client = await connect(url, "A", ["news"]);
		await Promise.all(
			upTo(50).flatMap(n => [
				one.broadcast("sse.send", { eventName: "news", sessionId: "A", payload: { n } }),
				two.broadcast("sse.send", { eventName: "news", sessionId: "A", payload: { n } })
			])
		);
		await eventually(() => expect(client.events).toHaveLength(100));
		for (const origin of ["business-1", "business-2"]) {
			const own = client.events.filter(event => event.id?.startsWith(`${origin}.`));
			expect(own.map(event => (event.data as { n: number }).n)).toEqual(upTo(50));
		}
	});

	it("include a gateway that joins later", async () => {
		const cluster = createCluster();
		const first = await cluster.gateway("gateway-1");
		const business = await cluster.sender("business", [first]);
		const early = await connect(`http://127.0.0.1:${first.port}`, "A", ["news"]);
		const send = (n: number) =>
			business.broadcast("sse.send", { eventName: "news", sessionId: "A", payload: { n } });
		await send(0);

		const second = await cluster.gateway("gateway-2");
		await knows(business, [second]);
		const late = await connect(`http://127.0.0.1:${second.port}`, "A", ["news"]);
		await send(1);

		await eventually(() => expect(numbers(early)).toEqual([0, 1]));
		await eventually(() => expect(numbers(late)).toEqual([1]));
	});

	it("end their streams when they stop, while the other goes on", async () => {
		const cluster = createCluster();
		const { url, gateways } = await behindNginx(cluster);
		const business = await cluster.sender("business", gateways);
		const clients = [await connect(url, "A", ["news"]), await connect(url, "A", ["news"])];
		const [stopped] = gateways as [GatewayNode, GatewayNode];
		const gone = clients.find(client => client.node === stopped.nodeID) as Client;
		const stays = clients.find(client => client !== gone) as Client;

		stopped.process.kill("SIGTERM");
		expect(await stopped.process.exited).toBe("code 0");
		await gone.ended;
		await business.broadcast("sse.send", { eventName: "news", sessionId: "A", payload: { n: 1 } });
		await eventually(() => expect(numbers(stays)).toEqual([1]));
	});
});

describe("a sender without the middleware", () => {
	it("still reaches every gateway, its events without ids", async () => {
		const cluster = createCluster();
		const { url, gateways } = await behindNginx(cluster);
		const plain = await cluster.sender("plain", gateways, { middleware: false });
		const clients = [await connect(url, "A", ["news"]), await connect(url, "A", ["news"])];
		await plain.broadcast("sse.send", { eventName: "news", sessionId: "A" });
		await plain.broadcast("sse.send", { eventName: "news", sessionId: "A", payload: { n: 1 } });
		for (const client of clients) {
			await eventually(() => expect(numbers(client)).toEqual([1]));
			expect(client.events[0]?.id).toBeUndefined();
		}
		for (const { process } of gateways) {
			const [warning] = await process.waitFor(/dropped an event from node 'plain': .*"payload"/);
			expect(process.output.split(warning)).toHaveLength(2);
		}
	});
});

describe("a gateway whose RabbitMQ cannot be reached when it starts", () => {
	it("serves HTTP meanwhile, and takes part as soon as RabbitMQ is available", async () => {
		const port = await freePort();
		const rabbitmq = new URL(inject("amqpUrl"));
		const detour = new URL(rabbitmq);
		detour.host = `127.0.0.1:${port}`;
		const cluster = createCluster(detour.href);
		const gateway = await cluster.gateway("gateway-1");
		expect(gateway.process.output).toContain("the transporter is not connected");
		const client = await connect(`http://127.0.0.1:${gateway.port}`, "A", ["news"]);

		expect(client.told[0]?.data).toMatchObject({ degraded: true });

		await forward(port, { host: rabbitmq.hostname, port: Number(rabbitmq.port || 5672) });
		const business = await cluster.sender("business", [gateway]);
		await business.broadcast("sse.send", { eventName: "news", sessionId: "A", payload: { n: 1 } });
		await eventually(() => expect(numbers(client)).toEqual([1]));

		await eventually(async () => {
			const later = await connect(`http://127.0.0.1:${gateway.port}`, "A", ["news"]);
			expect(later.told[0]?.data).not.toHaveProperty("degraded");
		});
	});
});
