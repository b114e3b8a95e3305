import { describe, expect, it } from "@jest/globals";
import type { ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import * as sse from "../../mixins/sse/index.ts";
import { commonJsExample } from "../package/readme.ts";
import { TestGateway, TestNode } from "../support/gateway.ts";
import { send } from "../support/request.ts";
import { openStream } from "../support/stream-client.ts";

const PACKAGES: Record<string, unknown> = { "moleculer-sse": sse, "moleculer-web": ApiGateway };

/** A service of README's first example, as it stands there. */
function serviceOf(path: string): ServiceSchema {
	const module: { exports?: ServiceSchema } = {};
	const load = new Function("require", "module", commonJsExample()[path] ?? "");
	load((name: string) => PACKAGES[name], module);
	return module.exports as ServiceSchema;
}

/** The services of the example, on a port of the test's own. */
async function startExample(): Promise<TestGateway> {
	const { settings, ...schema } = serviceOf("services/api.service.js");
	const node = new TestNode({ services: [serviceOf("services/orders.service.js")] });
	const service = node.broker.createService({
		...schema,
		settings: Object.assign({}, settings, { port: 0, ip: "127.0.0.1", sse: { drain: 0 } })
	});
	await node.broker.start();
	return Object.assign(Object.create(TestGateway.prototype), { node, service }) as TestGateway;
}

describe("README's first example", () => {
	it("tells the session whose request it is", async () => {
		const gateway = await startExample();
		const [one, other] = [
			await openStream(gateway.url("order-update"), { session: "one" }),
			await openStream(gateway.url("order-update"), { session: "other" })
		];
		const order = { method: "POST", session: "one" };
		expect((await send(`${gateway.origin}/api/orders`, order)).status).toBe(200);
		await one.next("order-update");

		expect(one.received("order-update")).toEqual([{ status: "paid" }]);
		expect(other.received("order-update")).toEqual([]);
	});

	// The action read `ctx.meta.sessionId`, which is undefined for whoever calls it but the gateway: the push rejected, and the
	// order failed with it.
	it("fails for nobody who calls its action without a session", async () => {
		const gateway = await startExample();
		await gateway.broker.call("orders.place");

		expect([...gateway.log.at("warn"), ...gateway.log.at("error")]).toEqual([]);
	});
});
