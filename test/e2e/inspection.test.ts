import { expect, it } from "@jest/globals";
import type { SseNodes } from "../../mixins/sse/index.ts";
import { eventually } from "../support/eventually.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { createCluster } from "../support/processes/cluster.ts";

// A process that is suspended keeps its connections, and is known to all, until it has missed its heartbeats.
it("names a gateway whose process is suspended, within two seconds", async () => {
	const cluster = createCluster();
	const gateways = await Promise.all(["gateway-1", "gateway-2"].map(cluster.gateway));
	const desk = await cluster.sender("desk", gateways);
	const ask = () => desk.call<SseNodes>("$sse.nodes");
	expect((await ask()).silent).toEqual([]);

	const [, suspended] = gateways;
	suspended?.process.kill("SIGSTOP");
	onTestFinished(() => suspended?.process.kill("SIGCONT"));
	const began = performance.now();
	const { nodes, silent } = await ask();
	expect(performance.now() - began).toBeLessThan(4_000);
	expect(nodes.map(({ nodeID }) => nodeID)).toEqual(["gateway-1"]);
	expect(silent).toEqual([{ nodeID: "gateway-2", reason: "timeout" }]);

	suspended?.process.kill("SIGCONT");
	await eventually(async () => expect((await ask()).nodes).toHaveLength(2), { timeout: 20_000 });
});
