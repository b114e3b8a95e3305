import { describe, expect, it } from "vitest";
import type { BusSubscription, ReadableBus, Subscriber } from "../../mixins/sse/bus/bus.ts";
import { installBus } from "../../mixins/sse/bus/installed.ts";
import { TestGateway, TestNode } from "../support/gateway.ts";
import { openStream } from "../support/stream-client.ts";

const NEWS = "news";

/** A bus that tells what a test has it tell. */
class HandBus implements ReadableBus {
	subscriber!: Subscriber;
	readonly state: ReadableBus["state"] = {
		kind: "stream",
		connected: true,
		working: false,
		position: null,
		lag: null,
		outbox: { events: 0, bytes: 0 }
	};

	async publish(): Promise<void> {}

	subscribe(subscriber: Subscriber): BusSubscription {
		this.subscriber = subscriber;
		// a gateway serves before it has read everything only if that takes too long
		return {
			filled: Promise.resolve(),
			promising: true,
			working: false,
			end: () => Promise.resolve()
		};
	}

	give(n: number, past?: number): void {
		const event = { eventName: NEWS, sessionId: "A", payload: n };
		const source = { nodeID: "sender", id: `${n}-50` };
		this.subscriber.receive(event, past === undefined ? source : { ...source, past });
	}
}

describe("a stream that is open while its gateway still reads the past", () => {
	it("is not said to have seen it: it gets it if it comes back, or is told", async () => {
		const node = new TestNode({ middleware: false });
		const bus = new HandBus();
		installBus(node.broker, bus);
		const gateway = new TestGateway(node, { sse: { heartbeat: 30 } });
		await node.broker.start();
		bus.give(1, Date.now());
		const first = await openStream(gateway.url(NEWS), { session: "A" });
		bus.give(2, Date.now());
		await first.next("sse.heartbeat", 2);
		const place = first.events.findLast(({ id }) => id !== undefined)?.id as string;
		first.close();

		const headers = { "Last-Event-ID": place };
		const second = await openStream(gateway.url(NEWS), { session: "A", headers });
		await second.next(NEWS);
		expect(second.received(NEWS)).toEqual([2]);
		bus.give(3, Date.now());
		bus.subscriber.missed();
		bus.give(4);
		await second.next(NEWS, 2);
		const told = second.events.filter(({ event }) => event !== "sse.heartbeat");
		expect(told.map(({ event, data }) => [event, JSON.parse(data)])).toEqual([
			["sse.open", { eventNames: [NEWS], resumed: true, degraded: true }],
			[NEWS, 2],
			["sse.reset", { reason: "gap" }],
			[NEWS, 4]
		]);

		// from then on its place moves again
		const got = second.events.length;
		await second.until(
			() => second.events.slice(got).some(({ id }) => id),
			"a heartbeat with an id"
		);
	});
});
