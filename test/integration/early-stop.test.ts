import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import ApiGateway from "moleculer-web";
import { installBus } from "../../mixins/sse/bus/broker-bus.ts";
import type { BusSubscription, Subscriber } from "../../mixins/sse/bus/bus.ts";
import { SseMixin } from "../../mixins/sse/index.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
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
describe("a gateway that has not started yet", () => {
	it.each<[how: string, stop: (gateway: TestGateway) => Promise<unknown>, registered: number]>([
		["stopped with its node", ({ broker }) => broker.stop(), 1],
		["destroyed", ({ broker, service }) => broker.destroyService(service), 0]
	])(
		"does not listen afterwards if it waits for its bus and is %s meanwhile",
		async (_, stop, registered) => {
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
		}
	);

	// The stop waited for the rest of the start, and so for ever.
	it.each<[how: string, stop: (gateway: TestGateway) => Promise<unknown>]>([
		["stopped with its node", ({ broker }) => broker.stop()],
		["destroyed", ({ broker, service }) => broker.destroyService(service)]
	])(
		"can be %s even if another hook waits for a service that does not exist, and starts nothing when that comes",
		async (_, stop) => {
			const node = new TestNode();
			const gate = createGate();
			const later = jest.fn<() => void>();
			const gateway = new TestGateway(node, {
				schema: { mixins: [SseMixin(), { started: () => gate.wait() }, ApiGateway], started: later }
			});
			void node.broker.start();
			await gate.reached;
			const took = await runningTime(() => stop(gateway));
			gate.open();
			await new Promise(setImmediate);

			expect(took).toBeLessThan(3000);
			expect(later).not.toHaveBeenCalled();
			expect(gateway.service.server.listening).toBe(false);
			expect(node.broker.started).toBe(false);
			expect(gateway.log.at("warn").join()).toMatch(/the stop no longer waits for it/);
		}
	);

	it("does not listen if its server begins to after it was given up", async () => {
		const node = new TestNode();
		const gate = createGate();
		const gateway = new TestGateway(node);
		const { server } = gateway.service;
		const listen = server.listen.bind(server) as (...args: unknown[]) => unknown;
		const slow = (...args: unknown[]) => void gate.wait().then(() => listen(...args));
		Reflect.set(server, "listen", slow);
		void node.broker.start();
		await gate.reached;
		await node.broker.stop();
		const closed = new Promise(resolve => server.once("close", resolve));
		gate.open();
		await closed;

		expect(server.listening).toBe(false);
	});

	it("does not start if what it depends on comes after it was destroyed", async () => {
		const node = new TestNode();
		await node.broker.start();
		const gateway = new TestGateway(node, {
			schema: { dependencies: ["users"] },
			settings: { $dependencyInterval: 10 }
		});
		await node.broker.destroyService(gateway.service);
		node.broker.createService({ name: "users" });
		await node.broker.waitForServices("users");
		await sleep(100);

		expect(gateway.service.server.listening).toBe(false);
		expect(node.broker.getLocalService("api")).toBeUndefined();
		const services = node.broker.registry.services.list({ onlyLocal: true, skipInternal: true });
		expect(services.map(({ name }: { name: string }) => name)).not.toContain("api");
	});

	it("can be started again after such a stop", async () => {
		const node = new TestNode();
		let hangs = true;
		const gateway = new TestGateway(node, {
			schema: { started: () => (hangs ? new Promise<void>(() => {}) : undefined) }
		});
		void node.broker.start();
		await eventually(() => expect(gateway.service.server.listening).toBe(true));
		await node.broker.stop();
		hangs = false;
		await node.broker.start();

		await openStream(gateway.url("news"));
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
