import { describe, expect, it } from "vitest";
import { HandBus } from "../support/hand-bus.ts";
import { openStream } from "../support/stream-client.ts";

const NEWS = "news";

describe("a stream that is open while its gateway still reads the past", () => {
	it("is not said to have seen it: it gets it if it comes back, or is told", async () => {
		const { bus, gateway } = await HandBus.start({ heartbeat: 30 });
		bus.give(NEWS, 1, Date.now());
		const first = await openStream(gateway.url(NEWS), { session: "A" });
		bus.give(NEWS, 2, Date.now());
		await first.next("sse.heartbeat", 2);
		const place = first.events.findLast(({ id }) => id !== undefined)?.id as string;
		first.close();

		const headers = { "Last-Event-ID": place };
		const second = await openStream(gateway.url(NEWS), { session: "A", headers });
		await second.next(NEWS);
		expect(second.received(NEWS)).toEqual([2]);
		bus.give(NEWS, 3, Date.now());
		bus.subscriber.missed();
		bus.give(NEWS, 4);
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
