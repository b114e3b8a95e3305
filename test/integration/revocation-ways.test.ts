import { describe, expect, it } from "@jest/globals";
import { openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import type { TestGateway } from "../support/gateway/gateway.ts";
import { HandBus } from "../support/gateway/hand-bus.ts";

const NEWS = "news";
const ID = "sender.k3f9x2ab.1";

function open(gateway: TestGateway, place?: string, session = "A"): Promise<StreamClient> {
	const headers = place === undefined ? {} : { "Last-Event-ID": place };
	return openStream(gateway.url(NEWS), { session, headers });
}

/** The same revocation as a Moleculer event, which has its id in its metadata. */
const broadcast = (gateway: TestGateway, close: unknown, id?: string) =>
	gateway.broker.broadcast("sse.close", close, {
		// the event comes from the node that sends it, as its id says
		meta: { $sse: { revocation: id?.replace("sender", gateway.broker.nodeID) } }
	});
const idOf = (gateway: TestGateway) => ID.replace("sender", gateway.broker.nodeID);
const told = (stream: StreamClient) => [
	...stream.received("sse.open").map(data => (data as { resumed: boolean }).resumed),
	...stream.received("sse.reset").map(data => (data as { reason: string }).reason)
];

describe("a revocation that arrives as a Moleculer event and on a RabbitMQ stream", () => {
	it.each<
		[first: string, ways: (bus: HandBus, gateway: TestGateway) => [() => unknown, () => unknown]]
	>([
		[
			"the Moleculer event",
			(bus, gateway) => [
				() => broadcast(gateway, { sessionId: "A" }, ID),
				() => bus.giveRevocation({ sessionId: "A" }, idOf(gateway))
			]
		],
		[
			"the stream",
			(bus, gateway) => [
				() => bus.giveRevocation({ sessionId: "A" }, idOf(gateway)),
				() => broadcast(gateway, { sessionId: "A" }, ID)
			]
		]
	])("counts once, and closes nothing that was let in by then; first comes %s", async (_, ways) => {
		const { bus, gateway } = await HandBus.start();
		bus.subscriber.missed();
		const [first, second] = ways(bus, gateway);
		const alice = await open(gateway);
		await first();
		expect(await alice.end).toBe("ended");
		const back = await open(gateway);
		await second();
		bus.give(NEWS, 1);
		await back.next(NEWS);
		expect(back.received("sse.close")).toEqual([]);
		back.close();
		expect(told(await open(gateway, "1-50"))).toEqual([true]);
	});

	it("counts each time if it has no id, or another one", async () => {
		const { bus, gateway } = await HandBus.start();
		const ids = [undefined, undefined, ID, ID.replace(/1$/, "2")];
		for (const id of ids) {
			const alice = await open(gateway);
			bus.giveRevocation({ sessionId: "A" }, id);
			expect(await alice.end).toBe("ended");
		}
	});

	it("closes nothing if it is invalid, and is logged", async () => {
		const { bus, gateway } = await HandBus.start();
		const alice = await open(gateway);
		for (const close of [null, {}, { sessionId: "" }, { sessionId: "A", eventName: "sse.open" }]) {
			bus.giveRevocation(close, ID);
		}
		bus.give(NEWS, 1);
		await alice.next(NEWS);
		expect(gateway.log.at("warn").join()).toMatch(/dropped sse\.close from node 'sender'/);
		// nor does an invalid one keep the one with its id from being heard
		bus.giveRevocation({ sessionId: "A" }, ID);
		expect(await alice.end).toBe("ended");
	});
});

describe("a revocation in the past that a gateway reads", () => {
	// A gateway that was restarted read what had been sent, and not who had been revoked.
	it("withholds what was sent then from the session, and nothing from others", async () => {
		const { bus, gateway } = await HandBus.start();
		const past = Date.now() - 1000;
		bus.give(NEWS, 1, past, "*");
		bus.giveRevocation({ sessionId: "A" }, ID, past);
		bus.give(NEWS, 2, past, ["A", "B"]);
		bus.give(NEWS, 3, past, "*");
		bus.subscriber.missed();

		for (const place of ["1-50", "2-50", "2-50~elsewhere.life~7~s"]) {
			expect(told(await open(gateway, place))).toEqual([false, "revoked"]);
		}
		const alice = await open(gateway, "3-50");
		expect(told(alice)).toEqual([true]);
		bus.give(NEWS, 4);
		await alice.next(NEWS);
		expect(alice.received(NEWS)).toEqual([4]);
		const bob = await open(gateway, "1-50", "B");
		expect(told(bob)).toEqual([true]);
		await bob.next(NEWS, 2);
		expect(bob.received(NEWS)).toEqual([2, 3]);
	});

	it("closes streams that are open meanwhile, if it was not heard before", async () => {
		const { bus, gateway } = await HandBus.start();
		const [alice, bob] = [await open(gateway), await open(gateway, undefined, "B")];
		bus.giveRevocation({ sessionId: "A", reason: "banned" }, ID, Date.now());
		expect(await alice.end).toBe("ended");
		expect(alice.received("sse.close")).toEqual([{ reason: "banned" }]);

		const back = await open(gateway);
		// it reads all of that again
		bus.subscriber.begin();
		bus.give(NEWS, 0, Date.now());
		bus.giveRevocation({ sessionId: "A", reason: "banned" }, ID, Date.now());
		bus.give(NEWS, 1, Date.now());
		bus.subscriber.missed();
		bus.give(NEWS, 2, undefined, "*");
		for (const stream of [back, bob]) {
			await stream.next(NEWS);
			expect(stream.received(NEWS)).toEqual([2]);
			expect(stream.received("sse.close")).toEqual([]);
		}
		expect(told(await open(gateway, "0-50"))).toEqual([false, "revoked"]);
		const again = await open(gateway, "1-50");
		await again.next(NEWS);
		expect([told(again), again.received(NEWS)]).toEqual([[true], [2]]);
	});
});

// A gateway that could not read its bus when it started reads later who was revoked before: it closed streams that had been
// opened, and judged, long after that.
describe("a revocation that a gateway reads of the past", () => {
	it.each([
		["before the stream was opened", 240_000, false],
		["before it, by less than clocks may differ", 3000, true]
	])("and that is from %s", async (_, ago, closes) => {
		const { bus, gateway } = await HandBus.start();
		const stream = await open(gateway);
		const other = await open(gateway, undefined, "B");
		bus.giveRevocation({ sessionId: "A", reason: "banned" }, ID, Date.now() - ago);
		bus.subscriber.missed();
		bus.give(NEWS, 1, undefined, ["A", "B"]);
		await other.next(NEWS);

		if (closes) expect(await stream.end).toBe("ended");
		else await stream.next(NEWS);
		expect(stream.received("sse.close")).toEqual(closes ? [{ reason: "banned" }] : []);
	});
});

// By its sender's clock, a late revocation was older than the streams that were open all the time.
describe("a late revocation from a node with a slow clock", () => {
	const late = (bus: HandBus, notBefore: number, behind: number) =>
		bus.subscriber.revoked(
			{ sessionId: "A" },
			{
				nodeID: "sender",
				sentAt: Date.now() - behind,
				notBefore,
				revocation: { id: ID, part: 1, parts: 1 }
			}
		);

	it("closes what was open when the gateway lost its connection", async () => {
		const { bus, gateway } = await HandBus.start();
		bus.subscriber.missed();
		const stream = await open(gateway);
		late(bus, performance.now(), 3_600_000);

		expect(await stream.end).toBe("ended");
		expect(stream.received("sse.close")).toEqual([{ reason: "revoked" }]);
	});

	it("refuses the tickets that were issued until then", async () => {
		const clocks = stubClocks();
		const { bus, gateway } = await HandBus.start({ ticket: { secret: "x".repeat(32) } });
		const { tickets } = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway")).access;
		const give = async () => {
			const session = { ids: ["A"], expiresAt: Number.POSITIVE_INFINITY };
			return (await tickets.issue(session, [NEWS])).ticket;
		};
		const before = await give();
		const lost = performance.now();
		clocks.pass(15_000);
		const since = await give();
		late(bus, lost, 3_600_000);

		expect(await tickets.read(before, [NEWS])).toBeUndefined();
		expect(await tickets.read(since, [NEWS])).toBeDefined();
	});
});
