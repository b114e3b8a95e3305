import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { SseMiddleware } from "../../mixins/sse/index.ts";
import { openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { freePort } from "../support/processes/ports.ts";
import { spawnProcess } from "../support/processes/process.ts";
import { inject } from "../support/provided.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The gateway that a stream is on, named by the resume token in its first event. */
const gatewayOf = ({ events }: StreamClient): string | undefined =>
	events[0]?.id?.split("~")[1]?.replace(/\.[^.]+$/, "");

describe("`moleculer-runner --instances 2`", () => {
	it("shares a port between two nodes, and each session gets its events whichever node it is on", async () => {
		const port = await freePort();
		const namespace = `instances-${process.pid}-${port}`;
		const env = {
			PORT: String(port),
			NODE_ID: "web",
			NAMESPACE: namespace,
			TRANSPORTER: inject("amqpUrl"),
			TICK_MS: "600000"
		};
		const command = ["--instances", "2", "--config", "moleculer.config.ts"];
		const runner = spawnProcess(
			"npx",
			["moleculer-runner", ...command, "--mask", "**/*.service.ts", "services"],
			{ cwd: ROOT, env }
		);
		onTestFinished(() => runner.stop());

		const business = new ServiceBroker({
			namespace,
			nodeID: "business",
			logLevel: "warn",
			transporter: inject("amqpUrl") as never,
			middlewares: [SseMiddleware()]
		});
		onTestFinished(() => business.stop());
		await business.start();
		await eventually(
			async () => {
				const nodes = await business.call<{ id: string }[], object>("$node.list", {
					onlyAvailable: true
				});
				expect(nodes.filter(({ id }) => id.startsWith("web"))).toHaveLength(2);
				const services = await business.call<{ name: string }[], object>("$node.services", {
					grouping: false
				});
				expect(services.filter(({ name }) => name === "api")).toHaveLength(2);
			},
			{ timeout: 20_000, interval: 200 }
		);

		const sessions = Array.from({ length: 8 }, (_, n) => `session-${n}`);
		const url = `http://127.0.0.1:${port}/sse/event-stream?eventName=notifications`;
		const streams: StreamClient[] = [];
		for (const session of sessions) streams.push(await openStream(url, { session }));
		expect(new Set(streams.map(gatewayOf)).size).toBe(2);

		for (let n = 0; n < 20; n++) {
			for (const sessionId of sessions) {
				const payload = { n, sessionId };
				await business.broadcast("sse.send", { eventName: "notifications", sessionId, payload });
			}
		}
		await business.broadcast("sse.send", {
			eventName: "notifications",
			sessionId: "*",
			payload: "all"
		});
		await Promise.all(streams.map(stream => stream.next("notifications", 21)));
		for (const [index, stream] of streams.entries()) {
			const sessionId = sessions[index];
			expect(stream.received("notifications")).toEqual([
				...Array.from({ length: 20 }, (_, n) => ({ n, sessionId })),
				"all"
			]);
		}
	});
});
