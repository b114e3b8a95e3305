import { describe, expect, it } from "@jest/globals";
import { FIRST_EXAMPLE } from "../package/readme.ts";
import { send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { startServices } from "./support/readme-services.ts";

describe("README's first example", () => {
	it("tells the session whose request it is", async () => {
		const gateway = await startServices(FIRST_EXAMPLE);
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

	// The action read `ctx.meta.sessionId`, which is undefined for every caller but the gateway: the push rejected, and the
	// order failed with it.
	it("fails for no caller of its action without a session", async () => {
		const gateway = await startServices(FIRST_EXAMPLE);
		await gateway.broker.call("orders.place");

		expect([...gateway.log.at("warn"), ...gateway.log.at("error")]).toEqual([]);
	});
});
