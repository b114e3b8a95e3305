import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";
import { onTestFinished } from "../../support/on-test-finished.ts";
import { spawnNode } from "../../support/processes/process.ts";
import { inject } from "../../support/provided.ts";

const NODE = fileURLToPath(new URL("../../support/fixtures/event-node.ts", import.meta.url));

it("carries a broadcast from one Moleculer process to another", async () => {
	const env = { AMQP_URL: inject("amqpUrl"), NAMESPACE: crypto.randomUUID() };
	const receiver = spawnNode(NODE, [], { env });
	onTestFinished(() => receiver.stop());
	await receiver.waitFor(/ready/);
	const sender = spawnNode(NODE, ["hello"], { env });
	onTestFinished(() => sender.stop());
	const [, text] = await receiver.waitFor(/received (\w+)/);
	expect(text).toBe("hello");
});
