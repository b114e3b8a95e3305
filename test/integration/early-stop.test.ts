import { describe, expect, it } from "@jest/globals";
import { installBus } from "../../mixins/sse/bus/broker-bus.ts";
import type { BusSubscription, Subscriber } from "../../mixins/sse/bus/bus.ts";
import { eventually } from "../support/eventually.ts";
import { TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { HandBus } from "../support/gateway/hand-bus.ts";
import { runningTime } from "../support/running-time.ts";

/** A bus whose past takes longer to read than anybody waits. */
class SlowBus extends HandBus {
	hasEnded = false;

	override subscribe(subscriber: Subscriber): BusSubscription {
		return {
			...super.subscribe(subscriber),
			filled: new Promise(() => {}),
			end: async () => {
				this.hasEnded = true;
			}
		};
	}
}

// The start continued after the service was gone: it listened, and answered, with nobody to stop it.
describe("a gateway whose start waits for its bus", () => {
	it.each<[how: string, stop: (gateway: TestGateway) => Promise<unknown>, registered: number]>([
		["stopped with its node", ({ broker }) => broker.stop(), 1],
		["destroyed", ({ broker, service }) => broker.destroyService(service), 0]
	])("does not listen afterwards if it is %s meanwhile", async (_, stop, registered) => {
		const node = new TestNode({ middleware: false });
		const bus = new SlowBus();
		installBus(node.broker, bus);
		const log: string[] = [];
		const gateway = new TestGateway(node, {
			schema: { started: () => void log.push("started"), stopped: () => void log.push("stopped") }
		});
		const starting = node.broker.start();
		await eventually(() => expect(bus.subscriber).toBeDefined());
		const took = await runningTime(async () => {
			await stop(gateway);
			await starting;
		});

		expect(took).toBeLessThan(2000);
		expect(gateway.service.server.listening).toBe(false);
		expect(bus.hasEnded).toBe(true);
		expect(log).toEqual(["started", "stopped"]);
		const services = node.broker.registry.services.list({ onlyLocal: true, skipInternal: true });
		expect(services).toHaveLength(registered);
	});

	it("can be stopped even if another mixin has failed to start", async () => {
		const node = new TestNode();
		const gateway = new TestGateway(node, {
			schema: { started: () => Promise.reject(new Error("no database")) }
		});
		await expect(node.broker.start()).rejects.toThrow("no database");
		await node.broker.stop();

		expect(gateway.service.server.listening).toBe(false);
	});
});
