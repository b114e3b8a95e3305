import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { onTestFinished } from "../support/on-test-finished.ts";
import { spawnNode } from "../support/processes/process.ts";
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
