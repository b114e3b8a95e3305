import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { Transit } from "moleculer";
import { eventually } from "../support/eventually.ts";
import { TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { watchRejections } from "../support/rejections.ts";

/** Ways in which a transporter fails to send. */
const HOW: [how: string, send: () => Promise<unknown>][] = [
	[
		"throws",
		() => {
			throw new Error("Channel closing");
		}
	],
	["rejects", () => Promise.reject(new Error("Channel closing"))]
];

/** A packet as a transporter's middleware sees it. */
interface Packet {
	readonly type: string;
	readonly payload: { readonly event?: string };
}

const echo = { name: "echo", actions: { say: () => "said" } };

/** A node that knows another one's action, and whose transporter then fails. */
async function startFailing(namespace: string, send: () => Promise<unknown>) {
	const node = new TestNode({ broker: memberOf(namespace, "node") });
	const other = new TestNode({ broker: memberOf(namespace, "other"), services: [echo] });
	await Promise.all([node.broker.start(), other.broker.start()]);
	await meet(other.broker, node.broker);
	await node.broker.waitForServices("echo");
	const transit = node.broker.transit as Transit;
	const fail = () => Object.assign(transit.tx, { send });
	return { node, transit, fail };
}

/** Everything that Moleculer sends by itself, in its own way: nobody waits. */
async function sendOwn({ node }: Awaited<ReturnType<typeof startFailing>>): Promise<void> {
	const { transit, registry } = node.broker;
	const { discoverer } = registry;
	Object.assign(discoverer.localNode as object, { updateLocalInfo: () => Promise.resolve() });
	const due: (() => Promise<unknown>)[] = [
		() => discoverer.beat(),
		() => discoverer.sendLocalNodeInfo("other"),
		() => discoverer.discoverNode("other"),
		async () => transit?.sendPong({ sender: "other", time: Date.now(), id: "1" })
	];
	for (const send of due) Promise.resolve().then(send);
	await turn();
}

const unsent = (entries: readonly string[]) => entries.filter(text => text.includes("closing"));

describe.each(HOW)("a packet of Moleculer's own whose transporter %s", (how, send) => {
	it("is an error in the log while the node is connected, and no rejection", async () => {
		const rejections = watchRejections();
		const failing = await startFailing(`packets-1-${how}`, send);
		failing.fail();
		await sendOwn(failing);
		expect(unsent(failing.node.log.at("error"))).toHaveLength(4);
		expect(await rejections()).toEqual([]);
	});

	it.each<[when: string, Partial<Transit>]>([
		["disconnects", { disconnecting: true }],
		["has lost its connection", { tx: { connected: false } as never }]
	])("is not reported while the node %s", async (when, state) => {
		const rejections = watchRejections();
		const failing = await startFailing(`packets-2-${how}-${when}`, send);
		failing.fail();
		const { tx, ...others } = state;
		Object.assign(failing.transit, others);
		Object.assign(failing.transit.tx, tx, { prepublish: send });
		await sendOwn(failing);
		const { log } = failing.node;
		expect(unsent(log.at("error"))).toEqual([]);
		expect(unsent(log.at("debug"))).toHaveLength(4);
		expect(await rejections()).toEqual([]);
	});

	it("is not reported when the node has stopped", async () => {
		const rejections = watchRejections();
		const failing = await startFailing(`packets-3-${how}`, send);
		await failing.node.broker.stop();
		// some transporters do not notice
		failing.fail();
		Object.assign(failing.transit.tx, { connected: true });
		await sendOwn(failing);
		expect(unsent(failing.node.log.at("error"))).toEqual([]);
		expect(await rejections()).toEqual([]);
	});
});

describe.each(HOW)("a request whose transporter %s", (how, send) => {
	it("rejects at its caller, also while the node disconnects", async () => {
		const failing = await startFailing(`packets-4-${how}`, send);
		const { broker } = failing.node;
		expect(await broker.call("echo.say")).toBe("said");
		failing.fail();
		await expect(broker.call("echo.say")).rejects.toThrow("Channel closing");
		failing.transit.disconnecting = true;
		await expect(broker.call("echo.say")).rejects.toThrow("Channel closing");
	});
});

describe("a node that stops", () => {
	// With Transmit.Compression its last INFO arrived after the news that it had left, and the node was listed as present
	// again; where its events end was never sent.
	it("leaves after everything that it sends before, whatever delays that", async () => {
		const sent: string[] = [];
		const slow = {
			name: "slow",
			transporterSend(next: (topic: string, data: Buffer, meta: { packet: Packet }) => unknown) {
				return async (topic: string, data: Buffer, meta: { packet: Packet }) => {
					const { type, payload } = meta.packet;
					if (type !== "DISCONNECT") await sleep(100);
					sent.push(payload.event ?? type);
					return next(topic, data, meta);
				};
			}
		};
		const namespace = crypto.randomUUID();
		const other = new TestNode({ broker: memberOf(namespace, "other") });
		const gateway = new TestGateway(other);
		const broker = { ...memberOf(namespace, "node"), middlewares: [slow as never] };
		const node = new TestNode({ broker });
		await Promise.all([node.broker.start(), other.broker.start()]);
		await meet(node.broker, gateway.broker);
		sent.length = 0;
		await node.broker.stop();
		expect(sent.slice(-2)).toEqual(["sse.position", "DISCONNECT"]);
	});

	it("leaves within a second or so, even if something never ends", async () => {
		const stuck = {
			name: "stuck",
			transporterSend:
				(next: (topic: string, data: Buffer, meta: { packet: Packet }) => unknown) =>
				(topic: string, data: Buffer, meta: { packet: Packet }) => {
					if (meta.packet.payload.event === "sse.position") return new Promise(() => {});
					return next(topic, data, meta);
				}
		};
		const namespace = crypto.randomUUID();
		const gateway = new TestGateway(new TestNode({ broker: memberOf(namespace, "other") }));
		const broker = { ...memberOf(namespace, "node"), middlewares: [stuck as never] };
		const node = new TestNode({ broker });
		await Promise.all([node.broker.start(), gateway.broker.start()]);
		const { registry } = gateway.broker;
		await eventually(() => expect(registry.nodes.get("node")?.available).toBe(true));
		await node.broker.stop();
		await eventually(() => expect(registry.nodes.get("node")?.available).toBe(false));
	});
});
