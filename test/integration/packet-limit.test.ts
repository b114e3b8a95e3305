import { createRequire } from "node:module";
import { describe, expect, it } from "@jest/globals";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet } from "../support/gateway/meet.ts";
import { freePort } from "../support/processes/ports.ts";

// Moleculer's types do not know it.
const { Middlewares } = createRequire(import.meta.url)("moleculer");

/** A sender and a gateway over TCP, whose receivers drop what is larger than 1 MiB, unless configured otherwise. */
async function startPair(middlewares: object[] = [], limits: object = {}) {
	const ports = { gw: await freePort(), sender: await freePort() };
	const namespace = crypto.randomUUID();
	const urls = Object.entries(ports).map(([id, port]) => `tcp://127.0.0.1:${port}/${id}`);
	const broker = (nodeID: "gw" | "sender") => ({
		nodeID,
		namespace,
		transporter: {
			type: "TCP",
			options: { udpDiscovery: false, port: ports[nodeID], urls, ...limits }
		} as never,
		middlewares: middlewares as never
	});
	const gateway = new TestGateway(new TestNode({ broker: broker("gw") }));
	const sender = new TestNode({ broker: broker("sender") });
	await gateway.broker.start();
	await sender.broker.start();
	await meet(sender.broker, gateway.broker);
	return { sender, gateway, stream: await openStream(gateway.url("news"), { session: "A" }) };
}

const news = (payload: unknown) => ({ eventName: "news", sessionId: "A", payload });

describe("an event that is larger than the transporter carries", () => {
	// Its receivers dropped it, and neither the sender nor a page heard of that.
	it.each([
		["letters", "x".repeat(1_050_000)],
		["what is escaped twice", '"'.repeat(300_000)],
		["characters of three bytes", "€".repeat(350_000)]
	])("is refused at its sender: %s", async (_, payload) => {
		const { sender, stream } = await startPair();
		await expect(sender.send(news(payload))).rejects.toMatchObject({
			type: "SSE_INVALID_EVENT",
			data: { field: "payload" },
			message: expect.stringMatching(
				/packet of \d+ bytes, and the transporter carries 983040: send less/
			)
		});
		await sender.send(news("x".repeat(900_000)));
		await sender.send(news("the next"));
		await stream.until(() => stream.received("news").includes("the next"), "the next event");
		expect(stream.received("news").at(-2)).toHaveLength(900_000);
	});

	// Only the payload was checked at first: the metadata that goes with it was silently lost.
	it.each([
		["session ids", {}, Array.from({ length: 10_000 }, () => crypto.randomUUID().repeat(3))],
		["its metadata", { meta: { note: "y".repeat(2_000_000) } }, "A"],
		["metadata of its context", { parentCtx: { meta: { note: "y".repeat(2_000_000) } } }, "A"],
		["headers", { headers: { note: "y".repeat(2_000_000) } }, "A"],
		["groups", { groups: ["api", "y".repeat(2_000_000)] }, "A"],
		["groups in place of options", ["api", "y".repeat(2_000_000)], "A"]
	])("because of its metadata is refused too: %s", async (_, options, sessionId) => {
		const { sender, stream } = await startPair();
		const event = { eventName: "news", sessionId, payload: {} };
		await expect(
			sender.broker.broadcast("sse.send", event, options as never)
		).rejects.toMatchObject({ type: "SSE_INVALID_EVENT", data: { field: "payload" } });
		await sender.send(news("the next"));
		await stream.until(() => stream.received("news").includes("the next"), "the next event");
		expect(stream.received("news")).toEqual(["the next"]);
		expect(stream.received("sse.reset")).toEqual([]);
	});

	// What other packets may add was subtracted: with 64 KiB or less nothing was left, and every event was refused.
	it.each([20_000, 65_536, 100_000])(
		"is half of the limit at least, if that is small: %i bytes",
		async maxPacketSize => {
			const { sender, stream } = await startPair([], { maxPacketSize });
			await sender.send(news("x".repeat(maxPacketSize / 2 - 2000)));
			await stream.next("news");
			await expect(sender.send(news("x".repeat(maxPacketSize / 2)))).rejects.toMatchObject({
				type: "SSE_INVALID_EVENT",
				message: expect.stringContaining(`the transporter carries ${maxPacketSize / 2}:`)
			});
		}
	);

	it("may become smaller on its way, and is sent then", async () => {
		const { sender, stream } = await startPair([Middlewares.Transmit.Compression()]);
		await sender.send(news("x".repeat(1_200_000)));
		await eventually(() => expect(stream.received("news")[0]).toHaveLength(1_200_000));
	});
});

describe("a revocation that is larger than the transporter carries", () => {
	// Its receivers dropped it: nobody was logged out, and the sender did not hear of that.
	it("is refused at its sender; in parts it takes effect", async () => {
		const { sender, stream } = await startPair();
		const sessionId = [...Array.from({ length: 50_000 }, () => crypto.randomUUID()), "A"];
		await expect(sender.broker.broadcast("sse.close", { sessionId })).rejects.toMatchObject({
			type: "SSE_INVALID_CLOSE",
			data: { field: "sessionId" },
			message: expect.stringMatching(/packet of \d+ bytes, and the transporter carries 983040/)
		});
		await sender.send(news("the next"));
		await stream.until(() => stream.received("news").includes("the next"), "the next event");

		for (let next = 0; next < sessionId.length; next += 10_000) {
			await sender.broker.broadcast("sse.close", {
				sessionId: sessionId.slice(next, next + 10_000)
			});
		}
		expect(await stream.end).toBe("ended");
		expect(stream.received("sse.close")).toEqual([{ reason: "revoked" }]);
	});
});
