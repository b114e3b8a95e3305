import { describe, expect, it } from "@jest/globals";
import type { EventStream } from "../../mixins/sse/streams/event-stream.ts";
import { openStream } from "../support/clients/stream-client.ts";
import type { TestGateway } from "../support/gateway/gateway.ts";
import { HandBus } from "../support/gateway/hand-bus.ts";

const NEWS = "news";

describe("a stream that is open while its gateway still reads the past", () => {
	it("is not assumed to have seen it: it gets it if it comes back, or is told", async () => {
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
		expect(told.map(({ event, data }) => [event, JSON.parse(data)])).toMatchObject([
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

// What was read of the past was kept after the events of a replay, which continued into it: even past a revocation, with what
// had been sent to the session while it was revoked. Its streams had been let in since, and were not closed.
describe("a replay that is under way while its gateway still reads the past", () => {
	it("ends with what was there when it began; its client is told, and then it is live", async () => {
		const { bus, gateway } = await HandBus.start();
		const past = (age: number) => Date.now() - age;
		const padding = "x".repeat(100_000);
		bus.give(NEWS, 1, past(120_000));
		for (let n = 2; n < 80; n++) {
			bus.subscriber.receive(
				{ eventName: NEWS, sessionId: "A", payload: padding },
				{ nodeID: "sender", id: `${n}-50`, past: past(110_000) }
			);
		}
		const headers = { "Last-Event-ID": "1-50" };
		const stream = await openStream(gateway.url(NEWS), { session: "A", headers });
		stream.stall();
		expect([...streamsOf(gateway)].map(({ phase }) => phase)).toEqual(["held"]);
		bus.giveRevocation({ sessionId: "A" }, "sender.abcdefgh.1", past(60_000));
		bus.give(NEWS, 500, past(50_000));
		await gateway.send({ eventName: NEWS, sessionId: "A", payload: "beside the stream" });
		bus.subscriber.missed();
		bus.give(NEWS, 501);
		stream.resume();
		await stream.until(() => stream.text.endsWith("data: 501\n\n"), "the live event");

		const got = stream.received(NEWS).filter(data => data !== padding);
		expect(got).toEqual(["beside the stream", 501]);
		expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
		expect(stream.received("sse.close")).toEqual([]);
	});
});

function streamsOf({ service }: TestGateway): Iterable<EventStream> {
	return Reflect.get(service, Symbol.for("moleculer-sse.gateway")).streams;
}
