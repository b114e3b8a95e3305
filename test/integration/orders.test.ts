import { describe, expect, it } from "@jest/globals";
import type { Service, ServiceSchema } from "moleculer";
import { events } from "../../services/events.ts";
import orders from "../../services/orders.service.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { TestNode } from "../support/gateway/gateway.ts";

interface Told {
	status: string;
}

type Orders = Service & {
	report(sessionId: string, order: Told): Promise<unknown>;
	fulfil(sessionId: string, order: Told): Promise<void>;
};

/** The example's orders on a node; `told` is what the sessions were told of them. */
async function start() {
	const told: string[] = [];
	const node = new TestNode({
		middleware: { events },
		services: [orders as unknown as ServiceSchema]
	});
	const service = node.broker.getLocalService("orders") as Orders;
	const { report } = service;
	service.report = async (sessionId, order) => {
		told.push(order.status);
		await report(sessionId, order);
	};
	await node.broker.start();
	const place = () => node.broker.call("orders.place", {}, { meta: { sessionId: "A" } });
	return { node, service, told, place };
}

describe("an order", () => {
	it("moves on after it was placed, even if its node was stopped and started again", async () => {
		const { node, told, place } = await start();
		for (let n = 0; n < 2; n++) {
			told.length = 0;
			await place();
			await eventually(() => expect(told).toEqual(["placed", "paid"]));
			await node.broker.stop();
			await node.broker.start();
		}
	});

	// The first step was delayed by a timer of its own, which nobody stopped if the node had stopped by then.
	it("does not move on if its node stops while it is placed", async () => {
		const { node, service, told, place } = await start();
		const gate = createGate();
		const courses: Promise<void>[] = [];
		const { report, fulfil } = service;
		service.report = async (...args) => {
			await report(...args);
			await gate.wait();
		};
		service.fulfil = (...args) => {
			const course = fulfil(...args);
			courses.push(course);
			return course;
		};
		const placed = place();
		await gate.reached;
		await node.broker.stop();
		gate.open();
		await placed;
		await Promise.all(courses);
		expect(courses).toHaveLength(1);
		expect(told).toEqual(["placed"]);
	});
});
